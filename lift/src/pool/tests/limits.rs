//! What happens at a limit, and one millisecond past it.

use std::time::Duration;

use super::backend::{Backend, Mood, at_most, settle};
use super::{MS, closed};
use crate::clock::Clock;
use crate::pool::core::deadline;
use crate::pool::{CloseReason, PoolError, PoolSettings};

#[tokio::test(start_paused = true)]
async fn a_connection_is_replaced_when_it_was_idle_for_longer_than_its_limit() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { idle_timeout: MS * 700, ..at_most(1) });
    drop(pool.get().await.unwrap());
    clock.advance(MS * 700);
    assert_eq!(pool.get().await.unwrap().id, 1);
    clock.advance(MS * 701);
    assert_eq!(pool.get().await.unwrap().id, 2);
    assert_eq!(closed(&pool.stats(), CloseReason::Idle), 1);
}

#[tokio::test(start_paused = true)]
async fn upkeep_closes_only_what_is_past_its_limit() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { idle_timeout: MS * 700, ..at_most(2) });
    pool.warm(2).await.unwrap();
    for (idle, left) in [(700, 2), (1, 0)] {
        clock.advance(MS * idle);
        pool.maintain();
        settle().await;
        assert_eq!(pool.stats().idle, left, "after {idle} ms more");
    }
    assert_eq!(closed(&pool.stats(), CloseReason::Idle), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_become_invalid_is_lent_to_nobody() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    for (idle, id) in [(0, 1), (100, 2), (1_000, 3)] {
        clock.advance(MS * idle);
        let mut session = pool.get().await.unwrap();
        assert_eq!(session.id, id);
        session.valid = false;
    }
    settle().await;
    assert_eq!(closed(&pool.stats(), CloseReason::Invalid), 3);
    assert_eq!(backend.seen().round_trips, 0);
}

#[tokio::test(start_paused = true)]
async fn warming_tells_why_it_cannot() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(2));
    backend.seen().mood = Mood::Refuses;
    let error = pool.warm(2).await.unwrap_err();
    assert!(matches!(error, PoolError::Connect { .. }), "{error:?}");
    pool.close().await;
    let error = pool.warm(2).await.unwrap_err();
    assert!(matches!(error, PoolError::Closed { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn warming_counts_what_is_lent_already() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(3));
    let held = [pool.get().await.unwrap(), pool.get().await.unwrap()];
    pool.warm(3).await.unwrap();
    assert_eq!((pool.stats().in_use, pool.stats().idle), (2, 1));
    drop(held);
    pool.warm(9).await.unwrap();
    assert_eq!((pool.stats().created, backend.seen().most), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn warming_opens_idle_connections_beside_those_that_are_lent() {
    let (backend, clock) = (Backend::new(), Clock::held());
    backend.seen().connect = MS * 5;
    let pool = backend.pool(&clock, at_most(5));
    let _held = [pool.get().await.unwrap(), pool.get().await.unwrap()];
    for (wanted, idle) in [(1, 1), (3, 3), (4, 3)] {
        pool.warm(wanted).await.unwrap();
        assert_eq!((pool.stats().in_use, pool.stats().idle), (2, idle), "{wanted}");
    }
}

#[tokio::test(start_paused = true)]
async fn zero_is_a_round_trip_before_every_use() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { validate_after: Duration::ZERO, ..at_most(2) });
    drop(pool.get().await.unwrap());
    assert_eq!(backend.seen().round_trips, 0, "opening it was one");
    for (nth, idle) in [(1, 0), (2, 1), (3, 5), (4, 6), (5, 400)] {
        clock.advance(MS * idle);
        assert!(pool.try_get().is_none(), "what needs a round trip is not at hand");
        assert_eq!(pool.get().await.unwrap().id, 1);
        assert_eq!(backend.seen().round_trips, nth, "after {idle} ms");
    }
    backend.restart();
    assert_eq!(pool.get().await.unwrap().id, 2, "the dead one is not lent");
}

#[tokio::test(start_paused = true)]
async fn a_short_limit_for_round_trips_holds_for_what_is_at_hand() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { validate_after: MS * 2, ..at_most(2) });
    drop(pool.get().await.unwrap());
    for (idle, round_trips) in [(2, 0), (3, 1), (0, 1), (4, 2)] {
        clock.advance(MS * idle);
        drop(pool.get().await.unwrap());
        assert_eq!(backend.seen().round_trips, round_trips, "after {idle} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn zero_for_an_age_is_no_limit() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let settings = at_most(1).with_max_lifetime(Duration::ZERO).with_idle_timeout(Duration::ZERO);
    let pool = backend.pool(&clock, settings);
    for days in [0, 1, 1_000] {
        clock.advance(Duration::from_secs(86_400 * days));
        pool.maintain();
        assert_eq!(pool.get().await.unwrap().id, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_round_trip_fails_is_closed() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, at_most(1));
    drop(pool.get().await.unwrap());
    clock.advance(Duration::from_secs(1));
    backend.seen().mood = Mood::Refuses;
    let error = pool.get().await.err().unwrap();
    assert!(matches!(error, PoolError::Connect { .. } | PoolError::Validate { .. }), "{error:?}");
    backend.seen().mood = Mood::Well;
    settle().await;
    assert_eq!(closed(&pool.stats(), CloseReason::Validation), 1);
}

#[test]
fn a_lent_connection_is_shown_as_what_it_is() {
    assert_eq!(format!("{:?}", crate::pool::Pooled::detached(7_u8)), "Pooled(7)");
}

#[test]
fn nothing_parked_is_taken_while_somebody_waits() {
    let parking = crate::pool::parking::Parking::new();
    for number in 0..4 {
        assert!(parking.park(number, Box::new(number)).is_none());
    }
    let displaced = parking.park(2, Box::new(4));
    assert_eq!((displaced.is_some(), parking.occupied()), (true, 4));
    let waiting = parking.wait(1);
    assert_eq!((parking.waiting(), parking.take(0)), (1, None));
    drop(waiting);
    let mut taken: Vec<usize> = std::iter::from_fn(|| parking.take(1)).map(|number| *number).collect();
    taken.extend(displaced.map(|number| *number));
    taken.sort_unstable();
    assert_eq!((taken, parking.waiting(), parking.occupied()), (vec![0, 1, 2, 3, 4], 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_grew_too_old_while_it_was_lent_is_lent_no_more() {
    let (backend, clock) = (Backend::new(), Clock::held());
    let pool = backend.pool(&clock, PoolSettings { max_lifetime: MS * 900, ..at_most(1) });
    let held = pool.get().await.unwrap();
    clock.advance(MS * 900);
    drop(held);
    assert_eq!(pool.get().await.unwrap().id, 2);
    assert_eq!(closed(&pool.stats(), CloseReason::Lifetime), 1);
}

#[test]
fn a_limit_that_no_clock_reaches_ends_in_no_lifetime() {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    let now = tokio::time::Instant::now();
    assert!(deadline(now, Duration::MAX) > now + 20 * YEAR);
    assert_eq!(deadline(now, Duration::from_secs(1)), now + Duration::from_secs(1));
}
