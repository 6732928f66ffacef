//! A backend that takes connects and is of no use all the same, and resources with bugs.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::MS;
use super::backend::{Backend, Mood, at_most, settle};
use crate::clock::Clock;
use crate::pool::{BreakerState, PoolError, PoolSettings};
use crate::resource::{Judgement, Managed};

#[tokio::test(start_paused = true)]
async fn connections_that_are_of_no_use_are_as_bad_as_connects_that_fail() {
    for looks in 0..3 {
        for delay in [0, 7] {
            let (backend, clock) = (Backend::new(), Clock::held());
            backend.seen().mood = Mood::Useless(looks);
            backend.seen().connect = MS * delay;
            let pool = backend.pool(&clock, at_most(4));
            let begin = Instant::now();
            let told = join_all((0..20).map(|_| pool.get())).await;
            // With two looks some are lent, once each.
            assert!(told.iter().filter(|told| told.is_ok()).count() <= if looks < 2 { 0 } else { 4 });
            for error in told.into_iter().filter_map(Result::err) {
                let text = crate::error::chain(&error);
                let of_no_use = text.contains("of no use") || matches!(error, PoolError::Exhausted { .. });
                assert!(of_no_use, "{text}");
            }
            assert!(begin.elapsed() <= MS * 2_100, "{:?}", begin.elapsed());
            assert!(backend.seen().attempts <= 8, "{looks} looks: {} connects", backend.seen().attempts);
            if looks < 2 {
                assert_eq!(pool.stats().breaker, BreakerState::Open);
            }
            backend.seen().mood = Mood::Well;
            clock.advance(Duration::from_secs(15));
            pool.get().await.unwrap();
            assert_eq!(pool.stats().breaker, BreakerState::Closed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_connections_are_of_no_use_waits_no_longer_than_its_limit() {
    for looks in 0..2 {
        let (backend, clock) = (Backend::new(), Clock::held());
        backend.seen().mood = Mood::Useless(looks);
        let pool = backend.pool(&clock, PoolSettings { min_idle: 1, ..at_most(2) });
        // The breaker half-opens again and again.
        let ticking = tokio::spawn({
            let clock = clock.clone();
            async move {
                loop {
                    tokio::time::sleep(MS).await;
                    clock.advance(Duration::from_secs(20));
                }
            }
        });
        for _ in 0..10 {
            let begin = Instant::now();
            assert!(pool.get_within(MS * 30).await.is_err());
            assert!(begin.elapsed() <= MS * 31, "{:?}", begin.elapsed());
        }
        assert!(backend.seen().attempts < 1_000, "{} connects", backend.seen().attempts);
        ticking.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_of_no_use_now_and_then_does_not_open_the_breaker() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    backend.seen().connect = MS * 5;
    for round in 0..10 {
        backend.seen().mood = Mood::Useless(1);
        let second_is_well = async {
            tokio::time::sleep(MS * 7).await;
            backend.seen().mood = Mood::Well;
        };
        match tokio::join!(pool.get(), second_is_well).0 {
            Ok(session) => session.discard(),
            Err(error) => panic!("round {round}: {error:?}"),
        }
        settle().await;
    }
    assert_eq!(backend.seen().attempts, 20);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_panics_says_that_a_connection_is_of_no_use() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(2));
    pool.warm(2).await.unwrap();
    backend.seen().look_panics = true;
    pool.maintain();
    backend.seen().look_panics = false;
    settle().await;
    assert_eq!((pool.stats().idle, backend.seen().open.len()), (0, 0));
    let lent = pool.get().await.unwrap();
    assert_eq!(lent.id, 3);
    backend.seen().look_panics = true;
    drop(lent);
    backend.seen().look_panics = false;
    assert_eq!(pool.get().await.unwrap().id, 4, "what panicked when it came back is closed");
    assert!(pool.try_get().is_some());
    assert_eq!(backend.seen().most, 2);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_panics_when_it_is_given_up_has_failed() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().mood = Mood::HangsAndPanics;
    let pool = backend.pool(&clock, PoolSettings { connect_timeout: MS * 30, ..at_most(1) });
    let text = crate::error::chain(&pool.get().await.err().unwrap());
    assert_eq!(text, "pool `test` cannot connect: no answer within 30ms");
    assert_eq!((backend.seen().attempts, pool.stats().breaker), (3, BreakerState::Open));
    backend.seen().mood = Mood::Well;
    clock.advance(Duration::from_secs(1));
    pool.get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn connects_that_do_not_end_make_the_pool_unhealthy_while_callers_wait() {
    for held in [0, 1, 2] {
        let (backend, clock) = (Backend::new(), Clock::held());
        let forever = Duration::from_secs(86_400);
        let limits = PoolSettings { connect_timeout: forever, wait: forever, ..at_most(2) };
        let pool = backend.pool(&clock, limits);
        let lent = join_all((0..held).map(|_| pool.get())).await;
        backend.seen().mood = Mood::Hangs;
        let lifecycle = pool.lifecycle_for_tests();
        let check = || async {
            match lifecycle.check(MS * 200).await {
                Ok(judgement) => Ok(judgement),
                Err(error) => Err(crate::error::chain(&*error)),
            }
        };
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.get().await.is_ok() }
        });
        settle().await;
        for (seconds, stuck) in [(0, false), (60, false), (1, true), (600, true)] {
            clock.advance(Duration::from_secs(seconds));
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            match check().await {
                Ok(judgement) => {
                    assert!(!stuck && matches!(judgement, Judgement::Busy), "{held} after {seconds}")
                }
                Err(text) => {
                    let reason =
                        if held < 2 { "a connect has not ended for " } else { "connections are in use" };
                    assert!(stuck && text.contains(reason), "{held}: {text}");
                }
            }
        }
        waiting.abort();
        settle().await;
        assert!(check().await.is_ok() || held < 2, "nobody waits");
        drop(lent);
    }
}

#[tokio::test(start_paused = true)]
async fn the_reason_is_the_round_trip_when_that_has_the_only_connection() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let limits = PoolSettings { validate_timeout: Duration::from_secs(60), ..at_most(1) };
    let pool = backend.pool(&clock, limits);
    drop(pool.get().await.unwrap());
    clock.advance(Duration::from_secs(1));
    backend.restart();
    assert!(tokio::time::timeout(MS * 100, pool.get()).await.is_err(), "a caller that gives up");
    let error = pool.get().await.err().unwrap();
    assert!(matches!(error, PoolError::Validate { .. }), "{error:?}");
}

/// Of two connections one is held all the time, and another leaves after so many milliseconds of a wait of two seconds.
#[tokio::test(start_paused = true)]
async fn the_reason_is_a_connect_when_that_has_taken_most_of_the_wait() {
    for (begins, connect_is_to_blame) in [(100, true), (999, true), (1_000, false), (1_001, false)] {
        let (backend, clock) = (Backend::new(), Clock::held());
        let limits = PoolSettings { connect_timeout: Duration::from_secs(60), ..at_most(2) };
        let pool = backend.pool(&clock, limits);
        let (_held, mut other) = (pool.get().await.unwrap(), pool.get().await.unwrap());
        backend.seen().mood = Mood::Hangs;
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.get().await.err().unwrap() }
        });
        settle().await;
        tokio::time::sleep(MS * begins).await;
        other.valid = false;
        drop(other);
        let error = waiting.await.unwrap();
        assert_eq!(matches!(error, PoolError::Connect { .. }), connect_is_to_blame, "{begins} ms: {error:?}");
        assert_eq!(matches!(error, PoolError::Exhausted { .. }), !connect_is_to_blame, "{begins} ms");
    }
}

/// A round trip that has ended is no reason, and one that has not is none beside a connect.
#[tokio::test(start_paused = true)]
async fn the_reason_is_no_round_trip_when_something_else_holds_callers_up() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let limits = PoolSettings {
        cleanup_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(60),
        validate_timeout: Duration::from_secs(60),
        ..at_most(1)
    };
    let pool = backend.pool(&clock, limits.clone());
    drop(pool.get().await.unwrap());
    clock.advance(Duration::from_secs(1));
    let mut checked = pool.get().await.unwrap();
    assert_eq!(backend.seen().round_trips, 1);
    checked.valid = false;
    backend.seen().cleanup = Duration::MAX;
    drop(checked);
    let error = pool.get().await.err().unwrap();
    assert!(matches!(error, PoolError::Connect { .. }), "{error:?}");

    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { max_size: 2, ..limits });
    drop(pool.get().await.unwrap());
    clock.advance(Duration::from_secs(1));
    backend.seen().mood = Mood::Hangs;
    let both = futures_util::future::join(pool.get(), pool.get()).await;
    let of_connect = |error: &PoolError| matches!(error, PoolError::Connect { .. });
    let of_round_trip = |error: &PoolError| matches!(error, PoolError::Validate { .. });
    let (one, other) = (both.0.err().unwrap(), both.1.err().unwrap());
    assert!(of_round_trip(&one) && of_connect(&other), "{one:?} {other:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_open_before_its_caller_came_is_no_failed_connect() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    pool.warm(1).await.unwrap();
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(pool.get().await.unwrap().id, 2);
    assert_eq!(pool.stats().last_failure, None);
}
