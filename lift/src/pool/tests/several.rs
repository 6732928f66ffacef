//! Callers that need several connections at once.

use std::time::Duration;

use futures_util::future::{join, join_all, poll_immediate};

use super::MS;
use super::backend::{Backend, at_most, settle};
use crate::clock::Clock;
use crate::pool::{PoolError, PoolSettings};

#[tokio::test(start_paused = true)]
async fn several_are_lent_at_once_and_counted_each() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(4));
    assert!(pool.get_many(0).await.unwrap().is_empty());
    let three = pool.get_many(3).await.unwrap();
    assert_eq!((pool.stats().in_use, backend.seen().open.len()), (3, 3));
    let waits = pool.clone();
    let two = tokio::spawn(async move { waits.get_many(2).await.map(|got| got.len()) });
    settle().await;
    assert_eq!((pool.stats().waiting, pool.stats().in_use), (2, 3));
    drop(three);
    assert_eq!(two.await.unwrap().unwrap(), 2);
    settle().await;
    let stats = pool.stats();
    assert_eq!((stats.waiting, stats.in_use, stats.gets, stats.timeouts), (0, 0, 5, 0));
}

#[tokio::test(start_paused = true)]
async fn more_than_there_may_be_is_refused_at_once() {
    let pool = Backend::new().pool(&Clock::held(), at_most(2));
    let error = pool.get_many(3).await.err().unwrap();
    assert!(matches!(error, PoolError::TooMany { count: 3, max_size: 2, .. }), "{error}");
    assert_eq!(error.to_string(), "pool `test` never has 3 connections at once; its `max_size` is 2");
    pool.resize(3);
    assert_eq!(pool.get_many(3).await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn those_that_are_of_no_use_are_replaced() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(4));
    drop(pool.get_many(4).await.unwrap());
    for dead in [1, 2, 3, 4] {
        clock.advance(Duration::from_secs(40));
        let open: Vec<_> = backend.seen().open.iter().copied().take(dead).collect();
        backend.seen().dead = open.into_iter().collect();
        let (two, both) = join(pool.get_many(2), pool.get_many(2)).await;
        assert_eq!((two.unwrap().len(), both.unwrap().len()), (2, 2), "{dead} dead");
    }
    assert!(backend.seen().most <= 4, "{}", backend.seen().most);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_gives_back_what_lay_there_for_it() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(3));
    let (one, two) = (pool.get().await.unwrap(), pool.get_many(2).await.unwrap());
    let mut three = Box::pin(pool.get_many(3));
    let mut single = Box::pin(pool.get());
    assert!(poll_immediate(&mut three).await.is_none() && poll_immediate(&mut single).await.is_none());
    drop(two);
    settle().await;
    assert!(poll_immediate(&mut three).await.is_none(), "one is missing");
    assert!(poll_immediate(&mut single).await.is_none(), "nobody passes by");
    drop(three);
    single.await.unwrap();
    drop(one);
    assert_eq!(pool.get_many(3).await.unwrap().len(), 3);
    // In the middle of a look at those that it was given.
    clock.advance(Duration::from_secs(40));
    backend.seen().round_trip = MS * 5;
    assert!(tokio::time::timeout(MS * 7, pool.get_many(3)).await.is_err());
    settle().await;
    let stats = pool.stats();
    assert_eq!((stats.in_use, stats.waiting), (0, 0));
    assert_eq!(pool.get_many(3).await.unwrap().len(), 3);
    assert_eq!(backend.seen().open.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn whatever_callers_need_all_are_served() {
    for seed in 0..60_u32 {
        let (backend, clock) = (Backend::new(), Clock::held());
        let pool = backend.pool(&clock, at_most(4));
        backend.seen().connect = MS * (seed % 3);
        let callers = (0..40_u32).map(|caller| {
            let (pool, mut rng) = (pool.clone(), fastrand::Rng::with_seed((seed * 1_000 + caller).into()));
            async move {
                tokio::time::sleep(MS * rng.u32(0..30)).await;
                let count = rng.usize(1..=4);
                if rng.u8(0..8) == 0 {
                    // It goes away.
                    let _ = tokio::time::timeout(MS * rng.u32(0..5), pool.get_many(count)).await;
                    return;
                }
                let got = pool.get_many(count).await.unwrap();
                assert_eq!(got.len(), count);
                tokio::time::sleep(MS * rng.u32(0..4)).await;
                for one in got {
                    if rng.u8(0..6) == 0 {
                        one.discard();
                    }
                }
            }
        });
        join_all(callers).await;
        settle().await;
        let stats = pool.stats();
        assert_eq!((stats.in_use, stats.waiting, stats.timeouts, stats.errors), (0, 0, 0, 0), "seed {seed}");
        assert!(backend.seen().most <= 4, "seed {seed}");
        assert_eq!(stats.idle, backend.seen().open.len(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn time_that_was_waited_before_counts() {
    let backend = Backend::new();
    let settings = PoolSettings { wait: MS * 100, ..at_most(1) };
    let pool = backend.pool(&Clock::held(), settings);
    let _held = pool.get().await.unwrap();
    for (over, left) in [(0, 100), (60, 40), (100, 0), (900, 0)] {
        let begin = tokio::time::Instant::now();
        let error = pool.get_rest(1, MS * over).await.err().unwrap();
        assert!(matches!(error, PoolError::Exhausted { .. }), "{error}");
        let waited = begin.elapsed().as_millis();
        assert!((left..=left + 2).contains(&waited), "{waited} ms after {over}");
    }
}
