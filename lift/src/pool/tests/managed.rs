//! A pool as its app sees it: start, checks, upkeep, shutdown; and what an invocation's deadline leaves of its limits.

use std::time::Duration;

use futures_util::future::poll_immediate;
use tokio::time::Instant;

use super::backend::{Backend, Mood, at_most, settle};
use super::{MS, closed};
use crate::clock::{Clock, Deadline};
use crate::pool::{BreakerState, CloseReason, PoolError, PoolSettings};
use crate::resource::{Judgement, Managed, User, Warm};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_start_opens_what_the_settings_say() {
    for (warm, min_idle, opened) in
        [(Warm::Lazy, 2, 0), (Warm::Eager, 0, 1), (Warm::Eager, 2, 2), (Warm::Required, 0, 1)]
    {
        let (backend, clock) = (Backend::new(), Clock::held());
        let settings = PoolSettings { min_idle, warm, ..at_most(4) };
        let text = settings.to_string();
        let pool = backend.pool(&clock, settings);
        let lifecycle = pool.lifecycle_for_tests();
        assert_eq!((lifecycle.spec().name, pool.name(), lifecycle.warm()), ("test", "test", warm));
        assert_eq!((lifecycle.describe(), lifecycle.initialized()), (text, false));
        lifecycle.start().await.unwrap();
        let stats = lifecycle.stats().unwrap();
        assert_eq!((stats.idle, stats.created), (opened, opened as u64), "{warm:?}, {min_idle}");
        assert_eq!(lifecycle.initialized(), opened > 0);
        assert!(format!("{pool:?}").starts_with("Pool { name: \"test\", stats: Stats { in_use: 0, idle: "));
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_says_why() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().mood = Mood::Refuses;
    let pool = backend.pool(&clock, at_most(2));
    let lifecycle = pool.lifecycle_for_tests();
    let error = lifecycle.start().await.unwrap_err();
    assert_eq!(error.to_string(), "pool `test` cannot connect");
    assert!(!lifecycle.initialized());
}

#[tokio::test(start_paused = true)]
async fn a_check_makes_one_round_trip_and_its_word_counts() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(2));
    let lifecycle = pool.lifecycle_for_tests();
    for round_trips in 1..4 {
        assert!(matches!(lifecycle.check(SECOND).await, Ok(Judgement::Working)));
        assert_eq!(backend.seen().round_trips, round_trips);
    }
    assert_eq!((pool.stats().idle, pool.stats().created), (1, 1));
    backend.restart();
    assert!(lifecycle.check(SECOND).await.is_err());
    settle().await;
    assert_eq!((pool.stats().idle, pool.stats().in_use, pool.stats().closed_total()), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_check_waits_for_half_of_its_time_or_for_the_pools_wait() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { wait: MS * 300, ..at_most(2) });
    let lifecycle = pool.lifecycle_for_tests();
    backend.seen().mood = Mood::Hangs;
    for (within, waited) in [(MS * 200, MS * 100), (SECOND, MS * 300)] {
        let begin = Instant::now();
        assert!(lifecycle.check(within).await.is_err());
        assert_eq!(begin.elapsed(), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_in_full_use_is_busy_while_its_backend_is_thought_to_be_well() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(2));
    let lifecycle = pool.lifecycle_for_tests();
    let one = pool.get().await.unwrap();
    assert!(matches!(lifecycle.check(SECOND).await, Ok(Judgement::Working)), "there is another place");
    let two = pool.get().await.unwrap();
    let begin = Instant::now();
    assert!(matches!(lifecycle.check(SECOND).await, Ok(Judgement::Busy)));
    assert_eq!(begin.elapsed(), Duration::ZERO, "known at once");
    drop(two);
    assert!(matches!(lifecycle.check(SECOND).await, Ok(Judgement::Working)), "one is idle");
    // Somebody else waits, so that one more would only make it longer.
    let two = pool.get().await.unwrap();
    let mut waiting = Box::pin(pool.get());
    assert!(poll_immediate(&mut waiting).await.is_none());
    drop(one);
    let begin = Instant::now();
    assert!(matches!(lifecycle.check(SECOND).await, Ok(Judgement::Busy)));
    assert_eq!(begin.elapsed(), Duration::ZERO, "known at once");
    drop((waiting.await.unwrap(), two));
    // Sick, and all that there are in use.
    let _held = pool.get().await.unwrap();
    backend.seen().mood = Mood::Refuses;
    pool.evict_all();
    settle().await;
    assert!(pool.get_within(MS).await.is_err());
    assert_eq!(pool.stats().breaker, BreakerState::Open);
    let mut waiting = Box::pin(pool.get());
    assert!(poll_immediate(&mut waiting).await.is_none());
    assert!(lifecycle.check(SECOND).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn upkeep_emptying_and_the_end_reach_the_pool() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().cleanup = MS * 20;
    let pool = backend.pool(&clock, PoolSettings { idle_timeout: MS * 700, ..at_most(2) });
    let lifecycle = pool.lifecycle_for_tests();
    pool.warm(2).await.unwrap();
    clock.advance(MS * 701);
    lifecycle.maintain();
    assert_eq!(closed(&pool.stats(), CloseReason::Idle), 2);
    tokio::time::sleep(MS * 30).await;
    pool.warm(2).await.unwrap();
    lifecycle.empty().await;
    assert_eq!((pool.stats().idle, backend.seen().cleanups), (0, 4), "and every cleanup has ended");
    let held = pool.get().await.unwrap();
    let _other = pool.get().await.unwrap();
    let mut waiting = Box::pin(pool.get());
    assert!(poll_immediate(&mut waiting).await.is_none());
    lifecycle.refuse();
    assert!(matches!(poll_immediate(&mut waiting).await, Some(Err(PoolError::Closed { pool: "test" }))));
    assert!(matches!(poll_immediate(Box::pin(pool.get())).await, Some(Err(PoolError::Closed { .. }))));
    assert_eq!(pool.stats().in_use, 2, "what is lent stays lent");
    drop(held);
    lifecycle.close().await;
    assert_eq!(backend.seen().cleanups, 5);
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_for_half_of_what_its_invocation_has_left() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { wait: MS * 300, ..at_most(1) });
    let _held = pool.get().await.unwrap();
    for (left, waited) in [(MS * 100, MS * 50), (MS * 500, MS * 250), (MS * 900, MS * 300)] {
        let lent = pool.lend_to(User::NOBODY, Deadline::after(left));
        let begin = Instant::now();
        assert!(matches!(lent.get().await, Err(PoolError::Exhausted { .. })));
        assert_eq!(begin.elapsed(), waited);
    }
    for (left, waited) in [(MS * 100, MS * 50), (MS * 2_000, MS * 700)] {
        let lent = pool.lend_to(User::NOBODY, Deadline::after(left));
        let begin = Instant::now();
        assert!(matches!(lent.get_within(MS * 700).await, Err(PoolError::Exhausted { .. })));
        assert_eq!(begin.elapsed(), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_told_the_longest_holder_and_who_it_is() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(2));
    let _long = pool.lend_to(User::HEALTH, Deadline::NONE).get().await.unwrap();
    clock.advance(SECOND * 7);
    let _short = pool.get().await.unwrap();
    clock.advance(SECOND);
    let error = pool.get_within(MS).await.err().unwrap();
    let PoolError::Exhausted { in_use, longest_held, by, .. } = error else { panic!("{error:?}") };
    assert_eq!((in_use, longest_held, by), (2, SECOND * 8, "health"));
    assert_eq!((pool.stats().timeouts, pool.stats().errors), (1, 0));
}
