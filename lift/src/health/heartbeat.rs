use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::duration_text;

/// How often it beats.
const BEAT: Duration = Duration::from_millis(250);

/// The age of the last beat at which the runtime is thought dead.
const DEAD: Duration = Duration::from_secs(10);

/// A task that wakes up four times a second: how late it is says how busy the runtime's threads are, and when it stays
/// away they are stuck.
pub(crate) struct Heartbeat {
    clock: Clock,
    /// The last beat by the monotonic clock alone: a machine that was suspended is not dead.
    last: AtomicU64,
    /// The longest delay since it was asked for last, in microseconds.
    lag: AtomicU64,
    beats: AtomicBool,
}

impl Heartbeat {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            last: AtomicU64::new(0),
            lag: AtomicU64::new(0),
            beats: AtomicBool::new(false),
        }
    }

    /// Beats until it is dropped.
    pub(crate) fn start(self: &Arc<Self>, runtime: &Handle) {
        self.beat(Duration::ZERO);
        if self.beats.swap(true, Ordering::AcqRel) {
            return;
        }
        let heartbeat = Arc::downgrade(self);
        runtime.spawn(async move {
            loop {
                let planned = Instant::now() + BEAT;
                tokio::time::sleep_until(planned).await;
                let Some(heartbeat) = heartbeat.upgrade() else { return };
                heartbeat.beat(Instant::now().saturating_duration_since(planned));
            }
        });
    }

    fn beat(&self, late: Duration) {
        self.last.store(self.clock.now().ticks(), Ordering::Release);
        self.lag.fetch_max(late.as_micros().try_into().unwrap_or(u64::MAX), Ordering::AcqRel);
    }

    /// Why the process is dead, if it is.
    pub(crate) fn stopped(&self) -> Option<String> {
        if !self.beats.load(Ordering::Acquire) {
            return None;
        }
        let age = self.age();
        (age > DEAD).then(|| format!("the runtime has been stuck for {}", duration_text(age)))
    }

    fn age(&self) -> Duration {
        let now = self.clock.now().ticks();
        Duration::from_millis(now.saturating_sub(self.last.load(Ordering::Acquire)))
    }

    /// The longest delay since this was asked last.
    pub(crate) fn lag(&self) -> Duration {
        if !self.beats.load(Ordering::Acquire) {
            return Duration::ZERO;
        }
        let late = Duration::from_micros(self.lag.swap(0, Ordering::AcqRel));
        late.max(self.age().saturating_sub(BEAT * 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_runtime_that_stands_still_is_dead_after_ten_seconds_and_a_frozen_machine_is_not() {
        let clock = Clock::held();
        let heartbeat = Arc::new(Heartbeat::new(&clock));
        clock.advance(DEAD * 2);
        assert_eq!((heartbeat.stopped(), heartbeat.lag()), (None, Duration::ZERO));
        heartbeat.start(&Handle::current());
        clock.freeze(Duration::from_secs(3600));
        assert_eq!(heartbeat.stopped(), None);
        clock.advance(DEAD + Duration::from_millis(1));
        assert!(heartbeat.stopped().unwrap().contains("stuck for 10"));
        assert!(heartbeat.lag() > Duration::from_secs(9));
        heartbeat.beat(Duration::from_millis(3));
        assert_eq!((heartbeat.stopped(), heartbeat.lag()), (None, Duration::from_millis(3)));
        assert_eq!(heartbeat.lag(), Duration::ZERO);
    }
}
