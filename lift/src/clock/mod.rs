//! Time by two clocks and chance, both held by tests when they want to.
//!
//! On AWS Lambda the monotonic clock stands still while the sandbox is frozen, and the wall clock can be set
//! back by an operator. An age is therefore the larger of what both clocks say, and never negative.

mod chance;
mod deadline;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

pub(crate) use chance::{Chance, reseed};
pub use deadline::Deadline;

/// A point in time by the monotonic and by the wall clock, to about 4 ms: the kernel's coarse clocks, which cost a
/// third of the exact ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds by either clock; the monotonic one counts from an unknown start.
    monotonic: u64,
    wall: u64,
}

impl Moment {
    /// How long ago `earlier` was: the larger of both clocks' answers, zero when neither has moved on.
    #[must_use]
    #[inline]
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.millis_since(earlier))
    }

    #[inline]
    pub(crate) fn millis_since(self, earlier: Moment) -> u64 {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        monotonic.max(self.wall.saturating_sub(earlier.wall))
    }

    /// Milliseconds by the monotonic clock from an unknown start.
    #[inline]
    pub(crate) fn ticks(self) -> u64 {
        self.monotonic
    }

    /// This moment by the wall clock.
    #[must_use]
    pub fn wall(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.wall)
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

    /// A clock that moves only when [`advance`](Self::advance), [`freeze`](Self::freeze) or
    /// [`set_back`](Self::set_back) says so.
    #[must_use]
    pub fn held() -> Self {
        Self { held: Some(Arc::new(Mutex::new(now()))) }
    }

    /// The time now.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Moment {
        match &self.held {
            None => now(),
            Some(held) => *held.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves both clocks of a held clock on; the machine's clocks do not care.
    pub fn advance(&self, by: Duration) {
        self.shift(|now| {
            now.monotonic = now.monotonic.saturating_add(millis(by));
            now.wall = now.wall.saturating_add(millis(by));
        });
    }

    /// Moves the wall clock alone, as a frozen Lambda sandbox sees it after thawing.
    pub fn freeze(&self, by: Duration) {
        self.shift(|now| now.wall = now.wall.saturating_add(millis(by)));
    }

    /// Sets the wall clock back, as an operator or a time daemon may.
    pub fn set_back(&self, by: Duration) {
        self.shift(|now| now.wall = now.wall.saturating_sub(millis(by)));
    }

    fn shift(&self, shift: impl FnOnce(&mut Moment)) {
        if let Some(held) = &self.held {
            shift(&mut held.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// The kernel moves both coarse clocks on in the same tick, so while one of them stands still so does the other, and
/// what this thread read last is what it would read again.
#[cfg(target_os = "linux")]
#[inline]
fn now() -> Moment {
    use rustix::time::{ClockId, clock_gettime};
    use std::cell::Cell;
    const START: Moment = Moment { monotonic: 0, wall: 0 };
    thread_local! {
        static LAST: Cell<((i64, i64), Moment)> = const { Cell::new(((-1, 0), START)) };
    }
    let wall = clock_gettime(ClockId::RealtimeCoarse);
    let tick = (wall.tv_sec, wall.tv_nsec);
    let (last, moment) = LAST.get();
    if tick == last {
        return moment;
    }
    let moment = next_tick(wall);
    LAST.set((tick, moment));
    moment
}

#[cfg(target_os = "linux")]
#[cold]
fn next_tick(wall: rustix::time::Timespec) -> Moment {
    use rustix::time::{ClockId, Timespec, clock_gettime};
    // Seconds since the epoch and since boot are never negative.
    let millis =
        |time: Timespec| time.tv_sec.unsigned_abs() * 1_000 + time.tv_nsec.unsigned_abs() / 1_000_000;
    Moment { monotonic: millis(clock_gettime(ClockId::MonotonicCoarse)), wall: millis(wall) }
}

#[cfg(not(target_os = "linux"))]
fn now() -> Moment {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Moment { monotonic: millis(START.elapsed()), wall: millis(wall) }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_reading_is_in_whole_milliseconds() {
        let time = rustix::time::Timespec { tv_sec: 7, tv_nsec: 250_999_999 };
        assert_eq!(next_tick(time).wall(), SystemTime::UNIX_EPOCH + Duration::from_millis(7_250));
        let boot = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
        let boot = Duration::new(boot.tv_sec.unsigned_abs(), boot.tv_nsec.unsigned_abs() as u32);
        let ticks = Duration::from_millis(next_tick(time).ticks());
        assert!(ticks + Duration::from_millis(1) > boot && ticks < boot + Duration::from_secs(60));
    }

    #[test]
    fn the_machines_clocks_are_read() {
        let (moment, wall) = (Clock::system().now(), SystemTime::now());
        assert!(wall.duration_since(moment.wall()).unwrap() < Duration::from_secs(1));
    }
}
