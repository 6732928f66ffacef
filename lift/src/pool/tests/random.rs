//! Random walks over everything that can happen to a pool.
//!
//! At every step: nobody holds what another one holds, no more are lent than the pool may have; at the end everything
//! that was opened has been closed, once, and the pool is as large as ever.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use futures_util::FutureExt;

use super::backend::{Backend, Mood, at_most, settle};
use crate::clock::Clock;
use crate::pool::{Pool, PoolSettings, discard};

const MAX: usize = 4;

/// The connections in somebody's hands.
type Lent = Arc<Mutex<BTreeSet<usize>>>;

struct Hand {
    lent: Lent,
    id: usize,
}

impl Hand {
    fn take(lent: &Lent, id: usize) -> Self {
        let mut set = lent.lock().unwrap();
        assert!(set.insert(id), "connection {id} has two owners");
        assert!(set.len() <= MAX, "{} are lent", set.len());
        Self { lent: lent.clone(), id }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.lent.lock().unwrap().remove(&self.id);
    }
}

/// What a borrower does with its connection.
async fn borrow(pool: Pool<super::backend::Session>, lent: Lent, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let Ok(mut session) = pool.get().await else { return };
    let hand = Hand::take(&lent, session.id);
    for _ in 0..rng.u32(0..4) {
        tokio::time::sleep(Duration::from_millis(rng.u64(0..20))).await;
    }
    match rng.u8(0..10) {
        0 => session.valid = false,
        1 => {
            drop(hand);
            return session.discard();
        }
        2 => {
            let never =
                session.run(async |_: &mut super::backend::Session| std::future::pending::<()>().await);
            let _ = tokio::time::timeout(Duration::from_millis(3), never).await;
        }
        3 => {
            // The hand goes first, as the connection is not lent any more once the guard is dropped.
            let _ = std::panic::AssertUnwindSafe(async {
                let (_session, _hand) = (session, hand);
                std::panic::resume_unwind(Box::new("a borrower's panic"));
            })
            .catch_unwind()
            .await;
            return;
        }
        _ => {}
    }
    drop(hand);
    drop(session);
}

async fn walk(seed: u64, steps: usize) {
    let mut rng = Rng::with_seed(seed);
    let (backend, clock, lent) = (Backend::new(), Clock::held(), Lent::default());
    let settings =
        PoolSettings { min_idle: rng.usize(0..2), wait: Duration::from_millis(300), ..at_most(MAX) };
    let pool = backend.pool(&clock, settings);
    let mut tasks = Vec::new();
    for _ in 0..steps {
        match rng.u8(0..100) {
            0..40 => {
                tasks.push(tokio::spawn(borrow(pool.clone(), lent.clone(), rng.u64(..))));
            }
            40..55 => {
                // A caller that goes away, at whatever it is awaiting.
                if !tasks.is_empty() {
                    tasks.swap_remove(rng.usize(..tasks.len())).abort();
                }
            }
            55..60 => {
                // Dropped by lift, as at a deadline.
                let mut caller = Box::pin(borrow(pool.clone(), lent.clone(), rng.u64(..)));
                let _ = tokio::time::timeout(Duration::from_millis(rng.u64(0..10)), &mut caller).await;
                discard::drop_interrupted(caller);
            }
            60..64 => backend.restart(),
            64..67 => backend.seen().mood = *rng.choice(&[Mood::Refuses, Mood::Hangs]).unwrap(),
            67..72 => backend.seen().mood = Mood::Well,
            72..74 => backend.seen().connect = Duration::from_millis(rng.u64(0..50)),
            74..80 => clock.advance(Duration::from_millis(rng.u64(0..2_000))),
            80..82 => clock.freeze(Duration::from_secs(rng.u64(0..1_200))),
            82 => clock.set_back(Duration::from_secs(60)),
            83..88 => pool.maintain(),
            88 => pool.core_for_tests().empty(),
            _ => tokio::time::sleep(Duration::from_millis(rng.u64(0..30))).await,
        }
        tokio::task::yield_now().await;
        tasks.retain(|task| !task.is_finished());
    }
    for task in tasks {
        task.abort();
        if let Err(error) = task.await {
            assert!(error.is_cancelled(), "seed {seed}: {error}");
        }
    }
    // After all that the pool is as good as new: everybody can be served at the same time.
    backend.seen().mood = Mood::Well;
    backend.seen().connect = Duration::ZERO;
    tokio::time::sleep(Duration::from_secs(5)).await;
    clock.advance(Duration::from_secs(60));
    let all = futures_util::future::join_all((0..MAX).map(|_| pool.get())).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!((pool.stats().in_use, pool.stats().waiting), (MAX, 0), "seed {seed}");
    drop(all);
    pool.close().await;
    settle().await;
    assert!(backend.seen().open.is_empty(), "seed {seed}: {:?} are open", backend.seen().open);
    let stats = pool.stats();
    assert_eq!((stats.created, stats.in_use, stats.idle), (stats.closed_total(), 0, 0), "seed {seed}");
    assert_eq!(usize::try_from(stats.created).unwrap(), backend.seen().next, "seed {seed}");
}

#[test]
fn a_hundred_thousand_random_steps() {
    // One walk can be repeated by its seed; the seeds differ from run to run so that the tests look further each time.
    let given = std::env::var("LIFT_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let first: u64 = given.unwrap_or_else(|| fastrand::u64(..u64::MAX - 100));
    println!("LIFT_TEST_SEED={first}");
    for seed in first..first + if given.is_some() { 1 } else { 50 } {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        println!("walk with seed {seed}");
        runtime.block_on(walk(seed, 2_000));
    }
}
