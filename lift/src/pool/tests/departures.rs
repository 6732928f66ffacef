//! How connections leave, and who goes on then.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::backend::{Backend, Mood, Session, at_most, settle};
use super::{MS, closed};
use crate::clock::Clock;
use crate::pool::{CloseReason, Pool, PoolSettings};
use crate::resource::Managed;

#[tokio::test(start_paused = true)]
async fn a_connection_has_its_place_until_its_cleanup_has_ended() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().cleanup = MS * 100;
    let pool = backend.pool(&clock, at_most(1));
    let begin = Instant::now();
    for id in 1..=3 {
        let session = pool.get().await.unwrap();
        assert_eq!((session.id, backend.seen().most), (id, 1));
        session.discard();
    }
    assert_eq!(begin.elapsed(), MS * 200);
    pool.close().await;
    assert_eq!((backend.seen().cleanups, begin.elapsed()), (3, MS * 300));
    assert_eq!(closed(&pool.stats(), CloseReason::Discarded), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_that_hangs_is_given_up_after_its_time() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().cleanup = Duration::MAX;
    let pool = backend.pool(&clock, PoolSettings { cleanup_timeout: MS * 300, ..at_most(1) });
    let begin = Instant::now();
    pool.get().await.unwrap().discard();
    assert_eq!(pool.get().await.unwrap().id, 2);
    assert_eq!((begin.elapsed(), backend.seen().most), (MS * 300, 1));
    let begin = Instant::now();
    pool.close().await;
    assert_eq!((begin.elapsed(), backend.seen().open.len()), (MS * 300, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_leaves_without_a_caller_is_replaced_to_keep_min_idle() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { min_idle: 2, ..at_most(2) });
    pool.warm(2).await.unwrap();
    pool.get().await.unwrap().discard();
    settle().await;
    assert_eq!((pool.stats().idle, backend.seen().next), (2, 3));
}

fn runtimes() -> [Runtime; 2] {
    let mut builders = [Builder::new_current_thread(), Builder::new_multi_thread()];
    builders.each_mut().map(|builder| builder.enable_time().build().unwrap())
}

/// Fails when `work` does not end, instead of hanging.
fn must_end(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    if let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(Duration::from_secs(20)) {
        panic!("it hangs");
    }
    worker.join().unwrap();
}

#[test]
fn a_runtime_that_ends_with_an_unusable_connection_stops_nobody() {
    for ending in runtimes() {
        must_end(move || {
            let [next, _] = runtimes();
            let backend = Backend::new();
            let pool = backend.pool(&Clock::system(), PoolSettings { min_idle: 1, ..at_most(1) });
            let held = pool.clone();
            ending.block_on(async {
                let mut session = held.get().await.unwrap();
                session.valid = false;
                tokio::spawn(async move {
                    let _session = session;
                    std::future::pending::<()>().await;
                });
                tokio::task::yield_now().await;
            });
            // A caller elsewhere waits for it.
            next.block_on(async {
                let mut waiting = Box::pin(pool.get());
                assert!(futures_util::future::poll_immediate(&mut waiting).await.is_none());
                tokio::task::spawn_blocking(move || drop(ending)).await.unwrap();
                assert_eq!(waiting.await.unwrap().id, 2);
            });
            assert_eq!(backend.seen().most, 1);
        });
    }
}

#[test]
fn a_connect_that_ends_with_its_runtime_is_begun_again_elsewhere() {
    for ending in runtimes() {
        must_end(move || {
            let [next, _] = runtimes();
            let backend = Backend::new();
            backend.seen().mood = Mood::Hangs;
            let pool = backend.pool(&Clock::system(), at_most(1));
            ending.block_on(async {
                assert!(futures_util::future::poll_immediate(Box::pin(pool.get())).await.is_none());
                tokio::task::yield_now().await;
            });
            next.block_on(async {
                let mut waiting = Box::pin(pool.get());
                assert!(futures_util::future::poll_immediate(&mut waiting).await.is_none());
                backend.seen().mood = Mood::Well;
                tokio::task::spawn_blocking(move || drop(ending)).await.unwrap();
                assert_eq!(waiting.await.unwrap().id, 1);
            });
        });
    }
}

#[test]
fn a_connection_dropped_outside_of_any_runtime_is_cleaned_up_and_the_next_caller_woken() {
    let [_, runtime] = runtimes();
    let backend = Backend::new();
    let pool = backend.pool(&Clock::system(), at_most(1));
    runtime.block_on(async {
        let mut session = pool.get().await.unwrap();
        let mut waiting = Box::pin(pool.get());
        assert!(futures_util::future::poll_immediate(&mut waiting).await.is_none());
        thread::spawn(move || {
            session.valid = false;
            drop(session);
        });
        assert_eq!(waiting.await.unwrap().id, 2);
        let seen = backend.seen();
        assert_eq!((seen.cleanups, seen.most), (1, 1));
    });
    // With its runtime gone, only `Drop` is left; the place is free all the same.
    let session = runtime.block_on(pool.get()).unwrap();
    drop(runtime);
    session.discard();
    assert_eq!((backend.seen().open.len(), pool.stats().in_use), (0, 0));
    let [next, _] = runtimes();
    assert_eq!(next.block_on(pool.get()).unwrap().id, 3);
}

#[tokio::test(start_paused = true)]
async fn a_health_check_that_is_given_up_leaves_its_connection_to_nobody() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    pool.warm(1).await.unwrap();
    backend.seen().round_trip = MS * 100;
    let lifecycle = pool.lifecycle_for_tests();
    assert!(tokio::time::timeout(MS * 10, lifecycle.check(Duration::from_secs(1))).await.is_err());
    settle().await;
    assert_eq!(closed(&pool.stats(), CloseReason::Interrupted), 1);
    assert_eq!(pool.get().await.unwrap().id, 2);
    // One that ends in time leaves it to the next borrower.
    assert!(lifecycle.check(Duration::from_secs(1)).await.is_ok());
    assert_eq!(pool.get().await.unwrap().id, 2);
}

async fn interrupt(pool: &Pool<Session>, others: usize) -> Vec<usize> {
    let mut first = Box::pin(pool.get());
    assert!(futures_util::future::poll_immediate(&mut first).await.is_none());
    let others: Vec<_> = (0..others)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.get().await.map(|session| session.id) })
        })
        .collect();
    settle().await;
    drop(first);
    let served = futures_util::future::join_all(others).await;
    served.into_iter().map(|served| served.unwrap().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_while_its_connection_is_looked_at_leaves_it_to_the_next() {
    for (idle, round_trip) in [(MS * 10, Duration::ZERO), (Duration::from_secs(1), MS * 100)] {
        let (backend, clock) = (Backend::new(), Clock::held());
        let pool = backend.pool(&clock, at_most(1));
        pool.warm(1).await.unwrap();
        backend.seen().round_trip = round_trip;
        clock.advance(idle);
        let begin = Instant::now();
        assert_eq!(interrupt(&pool, 50).await, [1; 50]);
        assert!(begin.elapsed() <= round_trip, "after {:?}", begin.elapsed());
        assert_eq!((backend.seen().next, pool.stats().closed_total()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_round_trip_whose_answer_nobody_fetches_any_more_keeps_its_connection() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    pool.warm(1).await.unwrap();
    clock.advance(Duration::from_secs(1));
    let mut caller = Box::pin(pool.get());
    while pool.stats().idle == 1 || backend.seen().round_trips == 0 {
        assert!(futures_util::future::poll_immediate(&mut caller).await.is_none());
        tokio::task::yield_now().await;
    }
    // The answer is there, and the caller has not looked yet.
    settle().await;
    drop(caller);
    assert_eq!((pool.stats().idle, pool.stats().closed_total()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_clips_a_round_trip_closes_nothing_and_suspects_nobody() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(4));
    pool.warm(1).await.unwrap();
    backend.seen().round_trip = MS * 100;
    clock.advance(Duration::from_secs(1));
    let begin = Instant::now();
    let error = pool.get_within(MS * 30).await.err().unwrap();
    assert_eq!((error.class(), begin.elapsed()), ("validate", MS * 30));
    let breaker = pool.core_for_tests().connects().breaker.parallel(clock.now(), 4);
    assert_eq!((breaker, pool.stats().closed_total()), (4, 0));
    tokio::time::sleep(MS * 100).await;
    assert_eq!((pool.get().await.unwrap().id, backend.seen().round_trips), (1, 1));
}

#[test]
fn a_connection_that_is_dropped_outside_of_runtimes_leaves_where_the_last_one_was_opened() {
    must_end(|| {
        let [first, last] = runtimes();
        let backend = Backend::new();
        let pool = backend.pool(&Clock::system(), at_most(1));
        first.block_on(async { pool.get().await.unwrap().valid = false });
        first.block_on(settle());
        drop(first);
        let mut session = last.block_on(pool.get()).unwrap();
        session.valid = false;
        drop(session);
        last.block_on(pool.close());
        let seen = backend.seen();
        assert_eq!((seen.cleanups, seen.next), (2, 2));
    });
}
