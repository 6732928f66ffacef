//! What can be asked of a pool besides `get`, and its numbers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::backend::{Backend, Mood, Session, at_most, settle};
use super::{MS, closed};
use crate::clock::Clock;
use crate::config::NoSettings;
use crate::pool::{CloseReason, Pool, PoolError, PoolSettings, Pooled};
use crate::resource::Resource;

#[tokio::test(start_paused = true)]
async fn what_is_at_hand_anywhere_in_the_pool_is_a_hit() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(16));
    pool.warm(12).await.unwrap();
    let all = join_all((0..12).map(|_| pool.get())).await;
    assert_eq!((pool.stats().gets, pool.stats().hits, pool.stats().wait.count()), (12, 12, 0));
    let _new = pool.get().await.unwrap();
    assert_eq!((pool.stats().gets, pool.stats().hits, pool.stats().wait.count()), (13, 12, 1));
    drop(all);
    assert_eq!((pool.stats().gets, pool.stats().hits, pool.stats().in_use), (13, 12, 1));
}

#[test]
fn the_number_of_gets_never_steps_back() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let backend = Backend::new();
    let pool = backend.pool(&Clock::system(), at_most(2));
    let done = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (pool, done) = (pool.clone(), done.clone());
        move || {
            let mut last = (0, 0);
            while !done.load(Ordering::Acquire) {
                let stats = pool.stats();
                assert!(stats.gets >= last.0 && stats.hits >= last.1, "{last:?}: {stats:?}");
                last = (stats.gets, stats.hits);
            }
        }
    });
    runtime.block_on(async {
        let users = (0..4).map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for _ in 0..5_000 {
                    drop(pool.get().await.unwrap());
                }
            })
        });
        join_all(users).await;
    });
    done.store(true, Ordering::Release);
    reader.join().unwrap();
    assert_eq!(pool.stats().gets, 20_000);
}

#[tokio::test(start_paused = true)]
async fn try_get_takes_what_is_at_hand_and_needs_no_round_trip() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(8));
    assert!(pool.try_get().is_none());
    settle().await;
    assert_eq!(backend.seen().attempts, 0, "it opens none");
    pool.warm(6).await.unwrap();
    let held: Vec<_> = std::iter::from_fn(|| pool.try_get()).collect();
    assert_eq!((held.len(), pool.stats().hits), (6, 6));
    drop(held);
    clock.advance(MS * 500);
    drop(pool.try_get().unwrap());
    clock.advance(MS * 501);
    assert!(pool.try_get().is_none(), "a round trip is due");
    assert_eq!(pool.stats().idle, 6);
    drop(pool.get().await.unwrap());
    let mut one = pool.try_get().unwrap();
    one.valid = false;
    clock.advance(Duration::from_secs(3_600));
    drop(one);
    assert!(pool.try_get().is_none());
    settle().await;
    assert_eq!((pool.stats().idle, closed(&pool.stats(), CloseReason::Idle)), (0, 5));
    pool.close().await;
    assert!(pool.try_get().is_none());
}

#[tokio::test(start_paused = true)]
async fn try_get_passes_nobody_who_waits() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let held = pool.get().await.unwrap();
    let mut waiting = Box::pin(pool.get());
    assert!(poll_immediate(&mut waiting).await.is_none());
    drop(held);
    assert!(pool.try_get().is_none());
    drop(waiting.await.unwrap());
    assert!(pool.try_get().is_some());
}

#[tokio::test(start_paused = true)]
async fn get_within_waits_for_as_long_as_it_says() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let _held = pool.get().await.unwrap();
    for limit in [0, 10, 5_000] {
        let begin = Instant::now();
        assert!(matches!(pool.get_within(MS * limit).await, Err(PoolError::Exhausted { .. })));
        assert_eq!(begin.elapsed(), MS * limit);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_taken_leaves_its_place_to_the_next() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let held = pool.get().await.unwrap();
    let mut waiting = Box::pin(pool.get());
    assert!(poll_immediate(&mut waiting).await.is_none());
    let mine = held.take();
    assert_eq!((mine.id, waiting.await.unwrap().id), (1, 2));
    let stats = pool.stats();
    assert_eq!((closed(&stats, CloseReason::Taken), stats.hold.count(), stats.in_use), (1, 2, 0));
    assert_eq!(backend.seen().cleanups, 0);
    mine.cleanup().await;
    pool.close().await;
    assert!(backend.seen().open.is_empty());
    assert_eq!(Pooled::detached(7_u8).into_taken(), 7);
}

impl Pooled<u8> {
    fn into_taken(self) -> u8 {
        self.take()
    }
}

impl Resource for u8 {
    type Config = crate::config::NoSettings;
    type Error = crate::error::BoxError;

    async fn initialize(_: &Self::Config, _: &crate::resource::Init) -> Result<Self, Self::Error> {
        Ok(0)
    }

    async fn health_check(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn evicted_connections_leave_now_or_when_they_come_back() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().connect = MS * 10;
    let pool = backend.pool(&clock, at_most(8));
    pool.warm(6).await.unwrap();
    let held = pool.get().await.unwrap();
    // Two more are being opened meanwhile, with what was right before.
    let late = tokio::spawn({
        let pool = pool.clone();
        async move { pool.warm(7).await }
    });
    settle().await;
    late.abort();
    settle().await;
    assert_eq!(pool.stats().connecting, 2);
    pool.evict_all();
    settle().await;
    assert_eq!((pool.stats().idle, closed(&pool.stats(), CloseReason::Evicted)), (0, 5));
    tokio::time::sleep(MS * 20).await;
    assert_eq!((pool.stats().idle, closed(&pool.stats(), CloseReason::Evicted)), (0, 7));
    drop(held);
    settle().await;
    assert_eq!((pool.stats().idle, closed(&pool.stats(), CloseReason::Evicted)), (0, 8));
    for _ in 0..3 {
        assert_eq!(pool.get().await.unwrap().id, 9, "what came later stays");
    }
}

/// Gives connections back on another thread, beside what is done here; both are over when it returns.
fn beside(runtime: &Runtime, lent: Vec<Pooled<Session>>, spin: usize, act: impl FnOnce()) {
    let ready = AtomicUsize::new(0);
    let meet = || {
        ready.fetch_add(1, Ordering::SeqCst);
        while ready.load(Ordering::SeqCst) < 2 {
            std::hint::spin_loop();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _inside = runtime.enter();
            meet();
            drop(lent);
        });
        meet();
        (0..spin).for_each(|_| std::hint::spin_loop());
        act();
    });
}

#[test]
fn what_comes_back_beside_an_eviction_is_not_lent_after_it() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let pool = Backend::new().pool(&Clock::system(), at_most(1));
    for round in 0..1_000 {
        let lent = runtime.block_on(pool.get()).unwrap();
        let old = lent.id;
        beside(&runtime, vec![lent], round % 60, || pool.evict_all());
        assert_ne!(runtime.block_on(pool.get()).unwrap().id, old, "round {round}");
    }
}

/// As when a connection comes back just after an eviction has looked for it.
#[tokio::test(start_paused = true)]
async fn what_an_eviction_has_not_found_is_not_lent() {
    for idle in [Duration::ZERO, MS * 3_000] {
        for at_hand in [false, true] {
            let (backend, clock) = (Backend::new(), Clock::held());
            let pool = backend.pool(&clock, at_most(1));
            drop(pool.get().await.unwrap());
            pool.core_for_tests().begin_generation(true);
            clock.advance(idle);
            if at_hand {
                assert!(pool.try_get().is_none());
            }
            assert_eq!(pool.get().await.unwrap().id, 2, "after {idle:?}");
            assert_eq!(closed(&pool.stats(), CloseReason::Evicted), 1);
        }
    }
}

#[test]
fn as_many_are_left_as_there_may_be_however_they_come_back() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _inside = runtime.enter();
    for round in 0..150 {
        let pool = Backend::new().pool(&Clock::system(), at_most(16));
        let mut lent = runtime.block_on(join_all((0..16).map(|_| pool.get())));
        let mut half = || lent.drain(..8).map(Result::unwrap).collect::<Vec<_>>();
        let (mine, others) = (half(), half());
        // Before, beside and after they come back.
        match round % 3 {
            0 => {
                pool.resize(2);
                beside(&runtime, others, round % 60, || drop(mine));
            }
            1 => {
                drop(mine);
                beside(&runtime, others, round % 60, || pool.resize(2));
            }
            _ => {
                beside(&runtime, others, round % 60, || drop(mine));
                pool.resize(2);
            }
        }
        assert_eq!(pool.stats().created - pool.stats().closed_total(), 2, "round {round}");
        assert_eq!(pool.stats().idle, 2, "round {round}");
    }
}

#[test]
fn no_more_lendings_are_over_than_were_begun() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let pool = Backend::new().pool(&Clock::system(), at_most(2));
    let over = Arc::new(AtomicBool::new(false));
    let callers = (0..4).map(|_| {
        let (pool, over) = (pool.clone(), over.clone());
        runtime.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                drop(pool.get().await);
                tokio::task::yield_now().await;
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    for _ in 0..20_000 {
        let stats = pool.stats();
        assert!(stats.hold.count() <= stats.gets, "{stats:?}");
    }
    over.store(true, Ordering::Relaxed);
    runtime.block_on(join_all(callers));
}

#[tokio::test(start_paused = true)]
async fn a_pool_shrinks_down_to_its_new_size_and_no_further() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().cleanup = MS * 50;
    let pool = backend.pool(&clock, at_most(8));
    pool.warm(8).await.unwrap();
    let held: Vec<_> = join_all((0..5).map(|_| pool.get())).await.into_iter().map(Result::unwrap).collect();
    pool.resize(4);
    assert_eq!((pool.stats().max_size, pool.stats().idle), (4, 0), "three idle ones go at once");
    let mut waiting = Box::pin(pool.get());
    assert!(poll_immediate(&mut waiting).await.is_none());
    drop(held);
    assert_eq!(closed(&pool.stats(), CloseReason::Evicted), 4, "and one of those that were lent");
    drop(waiting.await.unwrap());
    tokio::time::sleep(MS * 100).await;
    assert_eq!((pool.stats().idle, backend.seen().open.len()), (4, 4));
    let all = join_all((0..4).map(|_| pool.get())).await;
    assert!(all.iter().all(Result::is_ok));
    assert!(matches!(pool.get_within(MS).await, Err(PoolError::Exhausted { in_use: 4, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_grows_serves_those_who_wait() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let _held = pool.get().await.unwrap();
    let mut waiting = Box::pin(async { join_all((0..3).map(|_| pool.get())).await });
    assert!(poll_immediate(&mut waiting).await.is_none());
    pool.resize(4);
    let served: BTreeSet<_> = waiting.await.into_iter().map(|served| served.unwrap().id).collect();
    assert_eq!((served, backend.seen().most), ([2, 3, 4].into(), 4));
    pool.resize(0);
    assert_eq!(pool.stats().max_size, 1);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_grows_keeps_what_is_idle() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(2));
    // Those that have left do not count.
    for _ in 0..5 {
        pool.get().await.unwrap().discard();
        settle().await;
    }
    pool.warm(2).await.unwrap();
    for (size, idle) in [(4, 2), (2, 2), (1, 1)] {
        pool.resize(size);
        settle().await;
        assert_eq!(pool.stats().idle, idle, "of at most {size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_held_for_longer_than_the_limit_is_a_leak_once_for_each_lending() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { leak_after: MS * 30, ..at_most(2) });
    let told = || {
        pool.maintain();
        pool.core_for_tests().leaks.lock().unwrap().clone()
    };
    let (first, second) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    clock.advance(MS * 30);
    assert!(told().is_empty());
    clock.advance(MS);
    let both = told();
    assert_eq!(both.len(), 2);
    assert_eq!(told(), both);
    drop(first);
    assert_eq!(told(), both[1..]);
    let first = pool.get().await.unwrap();
    assert_eq!(told(), both[1..], "another lending");
    clock.advance(MS * 31);
    assert_eq!(told().len(), 2);
    drop((first, second));
    assert!(told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_an_invocation_leaves_held_is_a_leak_when_the_next_one_begins() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { leak_after: Duration::ZERO, ..at_most(2) });
    let told = || pool.core_for_tests().leaks.lock().unwrap().len();
    drop(pool.get().await.unwrap());
    pool.maintain();
    assert_eq!(told(), 0);
    let held = pool.get().await.unwrap();
    for _ in 0..3 {
        pool.maintain();
        assert_eq!(told(), 1, "once");
    }
    drop(held);
    pool.maintain();
    assert_eq!(told(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_told_what_holds_it_up() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(2));
    backend.seen().mood = Mood::Hangs;
    let mut slow = Box::pin(pool.get());
    assert!(poll_immediate(&mut slow).await.is_none());
    let error = pool.get_within(MS * 10).await.err().unwrap();
    assert_eq!(error.class(), "connect");
    assert_eq!((pool.stats().errors, pool.stats().timeouts), (1, 0));
}

#[tokio::test]
async fn a_pool_has_one_place_at_least_and_ten_thousand_at_most() {
    for (asked, size) in [(0, 1), (1, 1), (7, 7), (10_000, 10_000), (usize::MAX, 10_000)] {
        let pool = Pool::<u8>::new(NoSettings, PoolSettings::default().with_max_size(asked));
        assert_eq!(pool.stats().max_size, size);
        pool.resize(asked);
        assert_eq!(pool.stats().max_size, size);
    }
}
