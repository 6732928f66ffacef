//! Callers that wait: their order, and what they are told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use tokio::time::Instant;

use super::MS;
use super::backend::{Backend, Mood, at_most, settle};
use crate::clock::Clock;
use crate::pool::{BreakerState, PoolError, PoolSettings};
use crate::resource::{Judgement, Managed};

#[tokio::test(start_paused = true)]
async fn whoever_is_handed_an_expired_connection_stays_the_first_in_line() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let held = pool.get().await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let callers: Vec<_> = (0..5)
        .map(|number| {
            let (pool, order) = (pool.clone(), order.clone());
            tokio::spawn(async move {
                let session = pool.get().await.unwrap();
                order.lock().unwrap().push((number, session.id));
                tokio::task::yield_now().await;
            })
        })
        .collect();
    settle().await;
    clock.advance(Duration::from_secs(3_600));
    drop(held);
    join_all(callers).await;
    assert_eq!(*order.lock().unwrap(), [(0, 2), (1, 2), (2, 2), (3, 2), (4, 2)]);
}

/// Where what replaces a connection is opened at the same time as its caller looks.
#[test]
fn nobody_passes_whoever_is_handed_an_expired_connection_beside_other_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for round in 0..100 {
        runtime.block_on(async {
            let (backend, clock) = (Backend::new(), Clock::held());
            let settings =
                PoolSettings { max_lifetime: MS * 100, wait: Duration::from_secs(20), ..at_most(1) };
            let pool = backend.pool(&clock, settings);
            let held = pool.get().await.unwrap();
            let order = Mutex::new(Vec::new());
            let mut callers = Vec::new();
            for number in 0..20 {
                let (pool, order, clock) = (&pool, &order, &clock);
                let mut caller = Box::pin(async move {
                    let session = pool.get().await.unwrap();
                    order.lock().unwrap().push(number);
                    clock.advance(MS * 200);
                    drop(session);
                });
                assert!(poll_immediate(&mut caller).await.is_none());
                callers.push(caller);
            }
            clock.advance(MS * 200);
            drop(held);
            join_all(callers).await;
            assert!(order.lock().unwrap().iter().copied().eq(0..20), "round {round}: {order:?}");
        });
    }
}

#[tokio::test(start_paused = true)]
async fn callers_that_leave_the_line_leave_nothing_behind() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let held = pool.get().await.unwrap();
    let mut stays = Box::pin(pool.get());
    assert!(poll_immediate(&mut stays).await.is_none());
    for _ in 0..1_000 {
        assert!(poll_immediate(Box::pin(pool.get())).await.is_none());
    }
    assert_eq!(pool.stats().waiting, 1);
    drop(held);
    assert_eq!(stays.await.unwrap().id, 1);
    assert_eq!((pool.stats().waiting, pool.stats().timeouts), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn callers_that_wait_try_again_when_the_breaker_half_opens() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { wait: Duration::from_secs(10), ..at_most(2) });
    let _held = pool.get().await.unwrap();
    backend.seen().mood = Mood::Refuses;
    let begin = Instant::now();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get().await.map(|session| session.id) }
    });
    settle().await;
    assert_eq!(backend.seen().attempts, 4, "three that failed opened the breaker");
    backend.seen().mood = Mood::Well;
    while !waiting.is_finished() {
        tokio::time::sleep(MS * 10).await;
        clock.advance(MS * 10);
    }
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
    assert!(begin.elapsed() < Duration::from_secs(1), "after {:?}", begin.elapsed());
    assert_eq!(backend.seen().attempts, 5);
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_opening_is_a_failed_connect_that_is_told_at_once() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().mood = Mood::Panics;
    let pool = backend.pool(&clock, at_most(2));
    let begin = Instant::now();
    let error = pool.get().await.err().unwrap();
    assert_eq!(crate::error::chain(&error), "pool `test` cannot connect: opening it panicked");
    assert_eq!((begin.elapsed(), pool.stats().connecting), (Duration::ZERO, 0));
    assert!(matches!(pool.get().await, Err(PoolError::BreakerOpen { .. })));
    backend.seen().mood = Mood::Well;
    clock.advance(Duration::from_secs(1));
    let both = (pool.get().await.unwrap(), pool.get().await.unwrap());
    assert_eq!((both.0.id, both.1.id), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_that_is_given_up_or_overlaps_leaves_no_target() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().connect = MS * 50;
    let pool = backend.pool(&clock, at_most(8));
    let (mut long, mut short) = (Box::pin(pool.warm(8)), Box::pin(pool.warm(2)));
    assert!(poll_immediate(&mut long).await.is_none() && poll_immediate(&mut short).await.is_none());
    drop(long);
    short.await.unwrap();
    let (mut first, mut second) = (Box::pin(pool.warm(6)), Box::pin(pool.warm(6)));
    assert!(poll_immediate(&mut first).await.is_none() && poll_immediate(&mut second).await.is_none());
    first.await.unwrap();
    second.await.unwrap();
    tokio::time::sleep(MS * 200).await;
    let opened = backend.seen().attempts;
    assert!(opened <= 8);
    pool.evict_all();
    for _ in 0..3 {
        pool.maintain();
        tokio::time::sleep(MS * 100).await;
    }
    assert_eq!((backend.seen().attempts, pool.stats().idle), (opened, 0), "nothing keeps so many idle");
}

#[tokio::test(start_paused = true)]
async fn a_pool_to_which_nothing_comes_back_is_unhealthy_and_one_in_use_is_not() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let settings = PoolSettings { wait: Duration::from_secs(600), ..at_most(2) };
    let pool = backend.pool(&clock, settings);
    let (first, _second) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    let lifecycle = pool.lifecycle_for_tests();
    let check = async || lifecycle.check(Duration::from_millis(250)).await;
    clock.advance(Duration::from_secs(61));
    assert!(matches!(check().await, Ok(Judgement::Busy)), "nobody waits");
    let mut waiting = Box::pin(pool.get());
    assert!(poll_immediate(&mut waiting).await.is_none());
    let stuck = check().await.err().unwrap();
    let words =
        "pool `test`: all 2 connections are in use, 1 callers wait; the longest is held for 61s by `-`";
    assert_eq!(stuck.to_string(), words);
    drop(first);
    let _first = waiting.await.unwrap();
    let mut waiting = Box::pin(pool.get());
    assert!(poll_immediate(&mut waiting).await.is_none());
    assert!(matches!(check().await, Ok(Judgement::Busy)), "one has come back just now");
    clock.advance(Duration::from_secs(60));
    assert!(matches!(check().await, Ok(Judgement::Busy)), "not for longer than `stuck_after`");
}

#[tokio::test(start_paused = true)]
async fn limits_that_no_clock_reaches_are_no_limits() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let max = Duration::MAX;
    let settings =
        PoolSettings::default().with_wait(max).with_connect_timeout(max).with_validate_timeout(max);
    let settings = settings.with_validate_after(max).with_idle_timeout(max).with_max_lifetime(max);
    let settings = settings.with_leak_after(max).with_stuck_after(max).with_cleanup_timeout(max);
    let pool = backend.pool(&clock, settings.with_max_size(2).with_min_idle(1));
    pool.warm(1).await.unwrap();
    clock.advance(Duration::from_secs(86_400));
    let (one, two) = (pool.get().await.unwrap(), pool.get_within(max).await.unwrap());
    let mut waiting = Box::pin(pool.get_within(max));
    assert!(poll_immediate(&mut waiting).await.is_none());
    pool.maintain();
    drop((one, two));
    waiting.await.unwrap().discard();
    pool.maintain();
    pool.close().await;
    clock.advance(max);
    clock.freeze(max);
    pool.maintain();
}

/// While the pool is full nobody looks at the breaker. When it is not any more, who waits has to look again: it is told why
/// nothing will come, or tries as soon as the breaker lets it.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_full_pool_is_told_what_the_breaker_says_when_a_place_is_free() {
    for stay in [0, 1] {
        let (backend, clock) = (Backend::new(), Clock::held());
        let pool = backend.pool(&clock, PoolSettings { wait: Duration::from_secs(60), ..at_most(3) });
        let mut lent = vec![pool.get().await.unwrap()];
        if stay > 0 {
            lent.push(pool.get().await.unwrap());
        }
        backend.seen().mood = Mood::Refuses;
        let refused = pool.get_within(MS * 100).await.err().unwrap();
        assert!(matches!(refused, PoolError::Connect { .. }), "{refused:?}");
        assert_eq!(pool.stats().breaker, BreakerState::Open);
        pool.resize(stay + 1);
        let begin = Instant::now();
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.get().await.map(|session| session.id) }
        });
        settle().await;
        let mut leaving = lent.pop().unwrap();
        leaving.valid = false;
        drop(leaving);
        if stay == 0 {
            let error = waiting.await.unwrap().err().unwrap();
            assert!(matches!(error, PoolError::Connect { .. }), "{error:?}");
            assert_eq!(begin.elapsed(), Duration::ZERO);
        } else {
            settle().await;
            backend.seen().mood = Mood::Well;
            clock.advance(MS * 500);
            assert_eq!(waiting.await.unwrap().unwrap(), 3);
            assert!(begin.elapsed() <= MS * 500, "{:?}", begin.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn everybody_is_told_at_the_end_of_its_own_wait() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let _held = pool.get().await.unwrap();
    let begin = Instant::now();
    let waits = [10_000, 1_000, 5_000, 500, 20_000];
    let mut told = Vec::new();
    for wait in waits {
        let pool = pool.clone();
        told.push(tokio::spawn(async move {
            assert!(matches!(pool.get_within(MS * wait).await, Err(PoolError::Exhausted { .. })));
            begin.elapsed()
        }));
        settle().await;
    }
    let told = join_all(told).await.into_iter().map(Result::unwrap);
    assert_eq!(told.collect::<Vec<_>>(), waits.map(|wait| MS * wait));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_may_go_on_in_another_task() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    let held = pool.get().await.unwrap();
    let waiting = pool.clone();
    let mut waiting = Box::pin(async move { waiting.get().await.map(|session| session.id) });
    assert!(poll_immediate(&mut waiting).await.is_none());
    let waiting = tokio::spawn(waiting);
    settle().await;
    let begin = Instant::now();
    drop(held);
    assert_eq!((waiting.await.unwrap().unwrap(), begin.elapsed()), (1, Duration::ZERO));
}
