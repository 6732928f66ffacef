//! Time by two clocks, held by tests when they want to.
//!
//! On AWS Lambda the monotonic clock stands still while the sandbox is frozen, and the wall clock can be set
//! back by an operator. An age is therefore the larger of what both clocks say, and never negative.

mod deadline;

pub use deadline::Deadline;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A point in time by the monotonic and by the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    /// How long ago `earlier` was: the larger of both clocks' answers, zero when neither has moved on.
    #[must_use]
    pub fn since(self, earlier: Moment) -> Duration {
        let monotonic = self.monotonic.saturating_duration_since(earlier.monotonic);
        let wall = self.wall.duration_since(earlier.wall).unwrap_or(Duration::ZERO);
        monotonic.max(wall)
    }

    /// This moment by the wall clock.
    #[must_use]
    pub fn wall(self) -> SystemTime {
        self.wall
    }
}

/// Where lift reads the time. Cheap to clone; clones of a held clock move together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    held: Option<Arc<Mutex<Moment>>>,
}

impl Clock {
    /// The machine's clocks.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that moves only when [`advance`](Self::advance) or [`freeze`](Self::freeze) says so.
    #[must_use]
    pub fn held() -> Self {
        Self {
            held: Some(Arc::new(Mutex::new(Moment { monotonic: Instant::now(), wall: SystemTime::now() }))),
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Moment {
        match &self.held {
            None => Moment { monotonic: Instant::now(), wall: SystemTime::now() },
            Some(held) => *held.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves both clocks of a held clock on; the machine's clocks do not care.
    pub fn advance(&self, by: Duration) {
        self.shift(|now| {
            now.monotonic += by;
            now.wall += by;
        });
    }

    /// Moves the wall clock alone, as a frozen Lambda sandbox sees it after thawing.
    pub fn freeze(&self, by: Duration) {
        self.shift(|now| now.wall += by);
    }

    /// Sets the wall clock back, as an operator or a time daemon may.
    pub fn set_back(&self, by: Duration) {
        self.shift(|now| now.wall -= by);
    }

    fn shift(&self, shift: impl FnOnce(&mut Moment)) {
        if let Some(held) = &self.held {
            shift(&mut held.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_the_larger_of_both_clocks_and_never_negative() {
        let clock = Clock::held();
        let start = clock.now();
        clock.advance(Duration::from_secs(3));
        assert_eq!(clock.now().since(start), Duration::from_secs(3));
        clock.freeze(Duration::from_secs(600));
        assert_eq!(clock.now().since(start), Duration::from_secs(603));
        clock.set_back(Duration::from_secs(3600));
        assert_eq!(clock.now().since(start), Duration::from_secs(3));
    }
}
