//! What the pool promises, with the clocks held. Time-outs run on tokio's paused time.

mod backend;
mod clients;
mod departures;
mod limits;
mod managed;
mod operations;
mod random;
mod several;
mod unfit;
mod waiting;

use std::time::Duration;

use backend::{Backend, Mood, at_most, settle};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{BreakerState, CloseReason, PoolError, PoolSettings, Stats};
use crate::clock::Clock;
use crate::resource::Warm;

const MS: Duration = Duration::from_millis(1);

fn closed(stats: &Stats, reason: CloseReason) -> u64 {
    stats.closed.iter().find(|(r, _)| *r == reason).unwrap().1
}

#[tokio::test(start_paused = true)]
async fn calls_back_to_back_use_one_connection_and_no_round_trip() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(4));
    for _ in 0..1_000 {
        assert_eq!(pool.get().await.unwrap().id, 1);
        clock.advance(MS);
    }
    let stats = pool.stats();
    assert_eq!((stats.gets, stats.hits, stats.created), (1_000, 999, 1));
    assert_eq!(backend.seen().round_trips, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_idle_makes_one_round_trip() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(4));
    drop(pool.get().await.unwrap());
    for (idle, round_trips) in [(500, 0), (501, 1), (100, 1), (60_000, 2)] {
        clock.advance(MS * idle);
        assert_eq!(pool.get().await.unwrap().id, 1);
        assert_eq!(backend.seen().round_trips, round_trips, "after {idle} ms");
    }
    // Nobody waited for a connection, however long it was idle.
    assert_eq!((pool.stats().gets, pool.stats().hits), (5, 4));
}

#[tokio::test(start_paused = true)]
async fn a_freeze_replaces_and_a_clock_set_back_does_nothing() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(4));
    drop(pool.get().await.unwrap());
    clock.set_back(Duration::from_secs(3_600));
    assert_eq!(pool.get().await.unwrap().id, 1);
    assert_eq!(backend.seen().round_trips, 0);
    clock.freeze(Duration::from_secs(3_600) + Duration::from_secs(600) + MS);
    assert_eq!(pool.get().await.unwrap().id, 2, "the frozen one is replaced");
    assert_eq!(closed(&pool.stats(), CloseReason::Idle), 1);
}

#[tokio::test(start_paused = true)]
async fn one_caller_pays_for_one_dead_connection_at_most() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { validate_timeout: MS * 100, ..at_most(8) });
    pool.warm(8).await.unwrap();
    backend.restart();
    backend.seen().connect = MS * 5;
    clock.advance(Duration::from_secs(1));
    let begin = Instant::now();
    assert_eq!(pool.get().await.unwrap().id, 9);
    let took = begin.elapsed();
    assert!(took <= MS * 110, "one time-out and one connect, not {took:?}");
    tokio::time::sleep(MS * 200).await;
    let stats = pool.stats();
    assert_eq!(closed(&stats, CloseReason::Validation), 8, "the others were tried side by side");
    assert_eq!(stats.breaker, BreakerState::Closed, "a backend that takes connects is not sick");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_do_not_stampede_a_dead_backend() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().mood = Mood::Refuses;
    backend.seen().connect = MS * 100;
    let pool = backend.pool(&clock, at_most(16));
    let begin = Instant::now();
    let told = join_all((0..100).map(|_| async {
        let error = pool.get().await.err().unwrap();
        (crate::error::chain(&error), begin.elapsed())
    }))
    .await;
    for (text, after) in told {
        assert_eq!(text, "pool `test` cannot connect: connection refused");
        assert!(after < Duration::from_secs(2), "told after {after:?}");
    }
    let refused = pool.get().await.err().unwrap();
    assert!(matches!(refused, PoolError::BreakerOpen { .. }), "{refused:?}");
    let text = crate::error::chain(&refused);
    assert!(text.ends_with("because connects fail: connection refused"), "{text}");
    while begin.elapsed() < Duration::from_secs(1) {
        let _ = pool.get().await;
        tokio::time::sleep(MS * 10).await;
        clock.advance(MS * 10);
    }
    assert!(backend.seen().attempts <= 8, "{} attempts", backend.seen().attempts);
    backend.seen().mood = Mood::Well;
    clock.advance(Duration::from_secs(15));
    assert!(pool.get().await.is_ok(), "half-open, one connect may try");
    assert_eq!((pool.stats().breaker, pool.stats().last_error), (BreakerState::Closed, None));
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_hangs_is_told_as_such_and_holds_up_nobody() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(2));
    let held = pool.get().await.unwrap();
    backend.seen().mood = Mood::Hangs;
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get().await.map(|session| session.id) }
    });
    settle().await;
    assert_eq!(pool.stats().connecting, 1);
    drop(held);
    assert_eq!(waiting.await.unwrap().unwrap(), 1, "the returned one comes before the hanging connect");

    let held = pool.get().await.unwrap();
    let text = crate::error::chain(&pool.get().await.err().unwrap());
    assert_eq!(text, "pool `test` cannot connect: no answer within 1s");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn callers_are_served_in_the_order_they_came() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let held = pool.get().await.unwrap();
    let served = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut callers = Vec::new();
    for number in 0..10 {
        let (pool, served) = (pool.clone(), served.clone());
        callers.push(tokio::spawn(async move {
            let session = pool.get().await.unwrap();
            served.lock().unwrap().push(number);
            tokio::task::yield_now().await;
            drop(session);
        }));
        settle().await;
    }
    drop(held);
    // A newcomer must not pass those who wait, although the connection has just been returned.
    drop(pool.get().await.unwrap());
    assert_eq!(served.lock().unwrap().len(), 10);
    join_all(callers).await;
    assert_eq!(*served.lock().unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_wastes_no_connect() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().connect = MS * 50;
    let pool = backend.pool(&clock, at_most(4));
    let gone = tokio::time::timeout(MS * 10, pool.get()).await;
    assert!(gone.is_err());
    tokio::time::sleep(MS * 100).await;
    assert_eq!((pool.stats().idle, pool.stats().waiting), (1, 0));
    assert_eq!(pool.get().await.unwrap().id, 1);
    assert_eq!(backend.seen().attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn lifetimes_are_spread_and_drawn_once() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let settings =
        PoolSettings { max_lifetime: Duration::from_secs(1_000), wait: MS * 5_000, ..at_most(100) };
    let pool = backend.pool(&clock, PoolSettings { idle_timeout: Duration::from_secs(9_999), ..settings });
    pool.warm(100).await.unwrap();
    let mut left = Vec::new();
    for _ in 0..1_000 {
        clock.advance(Duration::from_secs(1));
        // Looking often must not make them end earlier.
        for _ in 0..3 {
            pool.maintain();
        }
        left.push(pool.stats().idle);
    }
    let first = left.iter().position(|left| *left < 100).unwrap();
    let last = left.iter().position(|left| *left == 0).unwrap();
    assert!((900..=925).contains(&first) && last <= 1_000, "from {first} s to {last} s");
    assert!(last - first >= 80, "spread over {} s of 1000", last - first);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_leave_down_to_min_idle_and_come_back_up_to_it() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { min_idle: 2, ..at_most(8) });
    pool.maintain();
    settle().await;
    assert_eq!(pool.stats().idle, 2, "topped up without a caller");
    pool.warm(8).await.unwrap();
    clock.advance(Duration::from_secs(601));
    pool.maintain();
    settle().await;
    assert_eq!((pool.stats().idle, closed(&pool.stats(), CloseReason::Idle)), (2, 6));
    drop(pool.get().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_readiness_waits_for_is_opened_without_a_caller() {
    for (warm, opened) in [(Warm::Required, 1), (Warm::Eager, 0), (Warm::Lazy, 0)] {
        let (backend, clock) = (Backend::new(), Clock::held());
        backend.seen().mood = Mood::Refuses;
        let pool = backend.pool(&clock, PoolSettings { warm, ..at_most(4) });
        assert!(pool.warm(1).await.is_err());
        backend.seen().mood = Mood::Well;
        clock.advance(Duration::from_secs(1));
        for _ in 0..3 {
            pool.maintain();
            settle().await;
        }
        assert_eq!(pool.stats().created, opened, "{warm:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn warming_opens_four_at_a_time() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().connect = MS * 5;
    let pool = backend.pool(&clock, at_most(16));
    let begin = Instant::now();
    pool.warm(16).await.unwrap();
    assert_eq!(pool.stats().idle, 16);
    assert!(begin.elapsed() <= MS * 24, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_refuses_and_closes_everything_once() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().connect = MS * 50;
    let pool = backend.pool(&clock, at_most(3));
    let (held, idle) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    drop(idle);
    let _second = pool.get().await.unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { (pool.get().await.map(drop), pool.get().await.map(drop)) }
    });
    settle().await;
    pool.close().await;
    assert!(matches!(waiting.await.unwrap(), (Err(PoolError::Closed { .. }), Err(PoolError::Closed { .. }))));
    assert!(matches!(pool.get().await, Err(PoolError::Closed { .. })));
    drop((held, _second));
    tokio::time::sleep(MS * 100).await;
    pool.close().await;
    assert!(backend.seen().open.is_empty(), "{:?} are open", backend.seen().open);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_long_is_told_once() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let held = pool.get().await.unwrap();
    clock.advance(Duration::from_secs(31));
    pool.maintain();
    let error = pool.get().await.err().unwrap();
    let PoolError::Exhausted { in_use: 1, waiting: 1, longest_held, .. } = error else { panic!("{error:?}") };
    assert_eq!(longest_held, Duration::from_secs(31));
    drop(held);
    assert_eq!(pool.stats().hold.percentile(99), MS * 32_768);
    // To the millisecond.
    for (held_for, bound) in [(1, 2), (2, 4), (3, 4), (4, 8)] {
        let pool = backend.pool(&clock, at_most(1));
        let held = pool.get().await.unwrap();
        clock.advance(MS * held_for);
        drop(held);
        assert_eq!(pool.stats().hold.percentile(99), MS * bound, "{held_for} ms");
    }
    assert_eq!(pool.stats().timeouts, 1);
}
