use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where lift draws lots; a test may hold it with a seed.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Arc<Mutex<fastrand::Rng>>);

impl Default for Chance {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::new())))
    }
}

impl Chance {
    #[cfg(test)]
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// The duration less a random part of at most `percent` of it.
    pub(crate) fn shorten(&self, duration: Duration, percent: u32) -> Duration {
        let drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner).f64();
        let off = duration.as_secs_f64() * drawn * f64::from(percent.min(100)) / 100.0;
        duration.saturating_sub(Duration::try_from_secs_f64(off).unwrap_or(duration))
    }
}
