//! A sick backend is not stampeded.
//!
//! Closed while connects succeed; open for a while after three failures in a row, the last of them a connect; then
//! half-open: one connect may try. Timed by both clocks, so that a freeze longer than the wait half-opens it.

use std::time::Duration;

use crate::clock::{Chance, Moment};
use crate::resource::BreakerState;

/// Failures in a row that open it.
const FAILURES: u32 = 3;

/// The first wait; each further failure doubles it.
const FIRST: Duration = Duration::from_millis(500);

/// The jitter of a wait, in percent.
const JITTER: u32 = 10;

/// Whether connects may be tried.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: u32,
    /// Connects in a row that worked for nothing.
    useless: u32,
    open: Option<Open>,
    longest: Duration,
}

#[derive(Debug)]
struct Open {
    since: Moment,
    wait: Duration,
    /// The nominal length of the wait, before the jitter.
    nominal: Duration,
}

impl Breaker {
    /// A closed breaker whose wait never exceeds `longest`.
    pub(super) fn new(longest: Duration) -> Self {
        Self { failures: 0, useless: 0, open: None, longest }
    }

    pub(super) fn state(&self, now: Moment) -> BreakerState {
        match &self.open {
            None => BreakerState::Closed,
            Some(open) if now.since(open.since) < open.wait => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// Ends the wait: the next connect may try.
    pub(super) fn half_open(&mut self) {
        if let Some(open) = &mut self.open {
            open.wait = Duration::ZERO;
        }
    }

    /// How long connects are refused from now on.
    pub(super) fn retry_after(&self, now: Moment) -> Option<Duration> {
        let open = self.open.as_ref()?;
        open.wait.checked_sub(now.since(open.since)).filter(|left| !left.is_zero())
    }

    /// How many connects may run at the same time: `well` while all is well, one after a failure.
    pub(super) fn parallel(&self, now: Moment, well: usize) -> usize {
        match self.state(now) {
            BreakerState::Open => 0,
            BreakerState::Closed if self.failures == 0 => well,
            _ => 1,
        }
    }

    /// A connect worked. Whether that closed an open breaker.
    pub(super) fn succeeded(&mut self) -> bool {
        self.failures = 0;
        self.open.take().is_some()
    }

    /// A connection that was thought to work does not. It counts, but only a connect that fails opens the breaker: a
    /// backend that closed every connection may well take new ones.
    pub(super) fn suspected(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// A connect failed. Whether that opened the breaker.
    pub(super) fn failed(&mut self, now: Moment, chance: &Chance) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.opens(self.failures >= FAILURES, now, chance)
    }

    /// A connection that was opened for a caller was of no use to it: that many in a row are as bad as connects that
    /// fail. Whether that opened the breaker.
    pub(super) fn useless(&mut self, now: Moment, chance: &Chance) -> bool {
        self.useless = self.useless.saturating_add(1);
        self.opens(self.useless >= FAILURES, now, chance)
    }

    /// A connection that was opened for a caller was lent to it.
    pub(super) fn proved(&mut self) {
        self.useless = 0;
    }

    fn opens(&mut self, enough: bool, now: Moment, chance: &Chance) -> bool {
        // Connects that had begun before it opened must not make its wait longer.
        if !enough || self.state(now) == BreakerState::Open {
            return false;
        }
        let nominal = self.open.as_ref().map_or(FIRST, |open| open.nominal * 2).min(self.longest);
        self.open = Some(Open { since: now, wait: chance.shorten(nominal, JITTER), nominal });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn three_failures_open_it_and_each_further_one_doubles_its_wait() {
        let (clock, chance) = (Clock::held(), Chance::seeded(1));
        let mut breaker = Breaker::new(Duration::from_secs(15));
        assert_eq!(breaker.parallel(clock.now(), 4), 4);
        assert!(!breaker.failed(clock.now(), &chance));
        assert_eq!(breaker.parallel(clock.now(), 4), 1);
        assert!(!breaker.failed(clock.now(), &chance));
        for nominal in [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000] {
            assert!(breaker.failed(clock.now(), &chance));
            let wait = breaker.retry_after(clock.now()).unwrap();
            assert!(
                wait <= Duration::from_millis(nominal) && wait >= Duration::from_millis(nominal * 9 / 10)
            );
            assert_eq!(
                (breaker.state(clock.now()), breaker.parallel(clock.now(), 4)),
                (BreakerState::Open, 0)
            );
            assert!(!breaker.failed(clock.now(), &chance), "a late failure does not make the wait longer");
            clock.advance(wait + Duration::from_millis(1));
            assert_eq!(
                (breaker.state(clock.now()), breaker.parallel(clock.now(), 4)),
                (BreakerState::HalfOpen, 1)
            );
        }
        assert!(breaker.succeeded() && !breaker.succeeded());
        assert_eq!(breaker.parallel(clock.now(), 4), 4);
    }

    #[test]
    fn a_freeze_half_opens_it_and_suspicions_never_open_it() {
        let (clock, chance) = (Clock::held(), Chance::seeded(1));
        let mut breaker = Breaker::new(Duration::from_secs(15));
        for _ in 0..10 {
            breaker.suspected();
        }
        assert_eq!(breaker.state(clock.now()), BreakerState::Closed);
        assert!(breaker.failed(clock.now(), &chance));
        clock.set_back(Duration::from_secs(3600));
        assert_eq!(breaker.state(clock.now()), BreakerState::Open);
        clock.freeze(Duration::from_secs(3601));
        assert_eq!(breaker.state(clock.now()), BreakerState::HalfOpen);
    }

    #[test]
    fn one_that_is_half_opened_lets_a_connect_through() {
        let (clock, chance) = (Clock::held(), Chance::seeded(1));
        let mut breaker = Breaker::new(Duration::from_secs(15));
        breaker.half_open();
        assert_eq!(breaker.state(clock.now()), BreakerState::Closed);
        for _ in 0..3 {
            breaker.failed(clock.now(), &chance);
        }
        assert_eq!(breaker.state(clock.now()), BreakerState::Open);
        breaker.half_open();
        assert_eq!(
            (breaker.state(clock.now()), breaker.parallel(clock.now(), 4)),
            (BreakerState::HalfOpen, 1)
        );
        assert_eq!(breaker.retry_after(clock.now()), None);
        assert!(breaker.failed(clock.now(), &chance));
    }

    #[test]
    fn a_wait_is_over_at_its_end() {
        let (clock, chance) = (Clock::held(), Chance::seeded(1));
        let mut breaker = Breaker::new(Duration::ZERO);
        for _ in 0..3 {
            breaker.failed(clock.now(), &chance);
        }
        assert_eq!(
            (breaker.state(clock.now()), breaker.retry_after(clock.now())),
            (BreakerState::HalfOpen, None)
        );
    }
}
