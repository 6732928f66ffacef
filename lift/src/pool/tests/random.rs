//! Random walks over everything that can happen to a pool.
//!
//! At every step: nobody holds what another one holds, no more are open at the backend than the pool may have, and whoever
//! gets no connection is told a reason that holds. At the end everything that was opened has been closed, once, and the
//! pool is as large as ever, also where nothing was ever maintained.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use futures_util::FutureExt;
use tokio::time::Instant;

use super::backend::{Backend, Mood, Session, at_most, settle};
use crate::clock::Clock;
use crate::pool::{BreakerState, Pool, PoolError, PoolSettings, discard};

const MAX: usize = 4;
const WAIT: Duration = Duration::from_millis(300);

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

/// One walk's pool, and what is known of its backend.
#[derive(Clone)]
struct World {
    backend: Backend,
    pool: Pool<Session>,
    lent: Lent,
    /// Whether time stands still while something can be done, so that it can be judged.
    exact: bool,
}

impl World {
    /// Borrows a connection, and judges what came of it.
    async fn get(&self) -> Option<crate::pool::Pooled<Session>> {
        let (connects, round_trips, hung) = {
            let seen = self.backend.seen();
            (seen.bad_connects, seen.bad_round_trips, seen.hanging)
        };
        let begin = Instant::now();
        let got = self.pool.get().await;
        let waited = begin.elapsed();
        let (bad_connects, bad_round_trips, last_was_bad, most) = {
            let seen = self.backend.seen();
            (seen.bad_connects, seen.bad_round_trips, seen.last_was_bad, seen.most)
        };
        assert!(most <= MAX, "{most} were open");
        assert!(!self.exact || waited <= WAIT + Duration::from_millis(2), "{waited:?}: {:?}", got.err());
        let reason = match got {
            Ok(session) => return Some(session),
            Err(reason) => reason,
        };
        // One that hangs keeps its place for a second.
        let connects_fail = bad_connects > connects || last_was_bad || hung > 0;
        let holds = match &reason {
            PoolError::Exhausted { in_use, waiting, .. } => {
                (1..=MAX).contains(in_use) && *waiting > 0 && (!self.exact || waited >= WAIT)
            }
            // None is lent to blame the shortage on when all are being opened.
            PoolError::Connect { .. } => connects_fail || !self.exact || self.pool.stats().in_use == 0,
            // Three in a row, of which at least one was a connect.
            PoolError::BreakerOpen { .. } => bad_connects > 0 && bad_connects + bad_round_trips >= 3,
            // It may have begun on behalf of others, or been clipped.
            PoolError::Validate { .. } => bad_round_trips > round_trips || waited >= WAIT,
            _ => false,
        };
        assert!(
            holds,
            "after {waited:?}: {reason:?}; {:?} (last connect bad: {last_was_bad}, bad ones {connects} to {bad_connects})",
            self.pool.stats()
        );
        None
    }
}

/// What a borrower does with its connection.
async fn borrow(world: World, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let Some(mut session) = world.get().await else { return };
    let hand = Hand::take(&world.lent, session.id);
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
            let never = session.run(async |_: &mut Session| std::future::pending::<()>().await);
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
        4 => {
            drop(hand);
            drop(Session::take(session));
            return;
        }
        _ => {}
    }
    drop(hand);
    drop(session);
}

async fn walk(seed: u64, steps: usize, exact: bool) {
    let mut rng = Rng::with_seed(seed);
    let (backend, clock) = (Backend::new(), Clock::held());
    let settings = PoolSettings { min_idle: rng.usize(0..2), wait: WAIT, ..at_most(MAX) };
    let pool = backend.pool(&clock, settings);
    // Half of the walks never look after what is idle.
    let maintained = seed.is_multiple_of(2);
    let world = World { backend: backend.clone(), pool: pool.clone(), lent: Lent::default(), exact };
    let mut tasks = Vec::new();
    for _ in 0..steps {
        match rng.u8(0..100) {
            0..40 => tasks.push(tokio::spawn(borrow(world.clone(), rng.u64(..)))),
            40..55 => {
                // A caller that goes away, at whatever it is awaiting.
                if !tasks.is_empty() {
                    tasks.swap_remove(rng.usize(..tasks.len())).abort();
                }
            }
            55..60 => {
                // Dropped by lift, as at a deadline.
                let mut caller = Box::pin(borrow(world.clone(), rng.u64(..)));
                let _ = tokio::time::timeout(Duration::from_millis(rng.u64(0..10)), &mut caller).await;
                discard::drop_interrupted(caller);
            }
            60..64 => backend.restart(),
            64..67 => backend.seen().mood = *rng.choice(&[Mood::Refuses, Mood::Hangs, Mood::Panics]).unwrap(),
            67..72 => backend.seen().mood = Mood::Well,
            72 => backend.seen().connect = Duration::from_millis(rng.u64(0..50)),
            73 => backend.seen().cleanup = Duration::from_millis(rng.u64(0..5)),
            74..80 => clock.advance(Duration::from_millis(rng.u64(0..2_000))),
            80..82 => clock.freeze(Duration::from_secs(rng.u64(0..1_200))),
            82 => clock.set_back(Duration::from_secs(60)),
            83..88 if maintained => pool.maintain(),
            88 => pool.core_for_tests().empty(),
            89 => pool.evict_all(),
            90 => drop(pool.try_get()),
            91 => {
                // Given up half-way.
                let _ = tokio::time::timeout(Duration::from_millis(rng.u64(0..20)), pool.warm(MAX)).await;
            }
            _ => tokio::time::sleep(Duration::from_millis(rng.u64(0..if exact { 30 } else { 3 }))).await,
        }
        tokio::task::yield_now().await;
        let mut running = Vec::new();
        for task in tasks {
            if task.is_finished() { ended(seed, task.await) } else { running.push(task) }
        }
        tasks = running;
    }
    for task in tasks {
        task.abort();
        ended(seed, task.await);
    }
    // After all that the pool is as good as new: everybody can be served at the same time.
    backend.seen().mood = Mood::Well;
    backend.seen().connect = Duration::ZERO;
    // What hangs is given up.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    clock.advance(Duration::from_secs(60));
    let all = futures_util::future::join_all((0..MAX).map(|_| pool.get())).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!((pool.stats().in_use, pool.stats().waiting), (MAX, 0), "seed {seed}");
    assert_eq!(pool.stats().breaker, BreakerState::Closed, "seed {seed}");
    drop(all);
    pool.close().await;
    settle().await;
    let seen = backend.seen();
    assert!(seen.open.is_empty() && seen.taken.is_empty(), "seed {seed}: {:?} are open", seen.open);
    assert!(seen.most <= MAX, "seed {seed}: {} were open", seen.most);
    let stats = pool.stats();
    assert_eq!((stats.created, stats.in_use, stats.idle), (stats.closed_total(), 0, 0), "seed {seed}");
    assert_eq!(usize::try_from(stats.created).unwrap(), seen.next, "seed {seed}");
}

/// A borrower may be given up, and must not find anything wrong.
fn ended(seed: u64, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        assert!(error.is_cancelled(), "seed {seed}: {error}");
    }
}

/// One walk can be repeated by its seed; the seeds differ from run to run so that the tests look further each time.
fn seeds(count: u64) -> std::ops::Range<u64> {
    let given = std::env::var("LIFT_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let first: u64 = given.unwrap_or_else(|| fastrand::u64(..u64::MAX - count));
    println!("LIFT_TEST_SEED={first}");
    first..first + if given.is_some() { 1 } else { count }
}

#[test]
fn a_hundred_thousand_random_steps() {
    for seed in seeds(50) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        println!("walk with seed {seed}");
        runtime.block_on(walk(seed, 2_000, true));
    }
}

#[test]
fn random_steps_on_two_threads() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let walks = seeds(8).map(|seed| runtime.spawn(walk(seed, 600, false)));
    for walk in walks.collect::<Vec<_>>() {
        runtime.block_on(walk).unwrap();
    }
}
