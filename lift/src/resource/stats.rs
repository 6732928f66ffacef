use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A state of the breaker, as statistics show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerState {
    /// Connects are tried.
    Closed,
    /// Nothing is tried for a while.
    Open,
    /// One connect may try.
    HalfOpen,
}

impl BreakerState {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// Why a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// It was idle for longer than `idle_timeout`.
    Idle,
    /// It lived for its `max_lifetime`.
    Lifetime,
    /// It said that it is no longer valid.
    Invalid,
    /// Its round trip failed.
    Validation,
    /// Its borrower panicked or was dropped at its deadline, or left an exchange unfinished.
    Interrupted,
    /// Its borrower asked for it.
    Discarded,
    /// The pool was closed, or emptied for a snapshot.
    Closed,
    /// All connections were to be replaced, or there were more than there may be since a change of `max_size`.
    Evicted,
    /// Its borrower took it out of the pool.
    Taken,
}

impl CloseReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Idle,
        Self::Lifetime,
        Self::Invalid,
        Self::Validation,
        Self::Interrupted,
        Self::Discarded,
        Self::Closed,
        Self::Evicted,
        Self::Taken,
    ];

    /// The word in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
            Self::Invalid => "invalid",
            Self::Validation => "validation",
            Self::Interrupted => "interrupted",
            Self::Discarded => "discarded",
            Self::Closed => "closed",
            Self::Evicted => "evicted",
            Self::Taken => "taken",
        }
    }
}

/// The number of buckets: the last one holds everything from 2^14 ms, about 16 s, on.
const BUCKETS: usize = 16;

/// Durations by powers of two of milliseconds.
#[derive(Default)]
pub(crate) struct Durations([AtomicU64; BUCKETS]);

impl Durations {
    #[inline]
    fn bucket(&self, millis: u64) -> Option<&AtomicU64> {
        self.0.get(((u64::BITS - millis.leading_zeros()) as usize).min(BUCKETS - 1))
    }

    /// Counts a duration. Nobody else may count at the same time; then it costs no locked instruction.
    #[inline]
    pub(crate) fn note(&self, millis: u64) {
        if let Some(bucket) = self.bucket(millis) {
            // Whoever sees it counted sees what was counted before it.
            bucket.store(bucket.load(Ordering::Relaxed) + 1, Ordering::Release);
        }
    }

    pub(crate) fn read(&self) -> Histogram {
        Histogram { buckets: std::array::from_fn(|i| self.0.get(i).map_or(0, |n| n.load(Ordering::Acquire))) }
    }
}

/// How long something took, many times over: bucket 0 counts what took less than 1 ms, bucket `i` what took less than
/// 2^`i` ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The counts.
    pub buckets: [u64; BUCKETS],
}

impl Sum for Histogram {
    fn sum<I: Iterator<Item = Self>>(histograms: I) -> Self {
        histograms.fold(Self::default(), |sum, one| Self {
            buckets: std::array::from_fn(|i| [sum, one].iter().filter_map(|of| of.buckets.get(i)).sum()),
        })
    }
}

impl Histogram {
    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// An upper bound of what `percent` of them took; zero when nothing was counted.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Duration {
        let wanted = (self.count() * u64::from(percent.min(100))).div_ceil(100);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return Duration::from_millis(1 << bucket);
            }
        }
        Duration::ZERO
    }
}

/// The counters behind [`Stats`].
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) created: AtomicU64,
    pub(crate) timeouts: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) closed: [AtomicU64; CloseReason::ALL.len()],
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self, reason: CloseReason) {
        if let Some(counter) = self.closed.get(reason as usize) {
            Self::add(counter);
        }
    }
}

/// The last error that a pool gave a caller, or that a connect ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastFailure {
    /// Its class: `connect`, `exhausted`, `validate`, `breaker open` or `closed`.
    pub class: &'static str,
    /// How long ago it was.
    pub age: Duration,
}

/// A pool's numbers, about at one moment: each is exact, and one may be a little older than another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections lent.
    pub in_use: usize,
    /// Connections that wait to be lent.
    pub idle: usize,
    /// Connections being opened.
    pub connecting: usize,
    /// Callers that wait.
    pub waiting: usize,
    /// The most connections at a time.
    pub max_size: usize,
    /// Whether connects are tried.
    pub breaker: BreakerState,
    /// What the last connect that failed said, until one works.
    pub last_error: Option<String>,
    /// The last error of any kind, also of a service that works again.
    pub last_failure: Option<LastFailure>,
    /// Connections opened since the start.
    pub created: u64,
    /// Connections closed since the start, by reason.
    pub closed: Vec<(CloseReason, u64)>,
    /// Connections asked for and got since the start.
    pub gets: u64,
    /// Those that were got without waiting, because a connection was at hand.
    pub hits: u64,
    /// Those asked for in vain because the wait was over.
    pub timeouts: u64,
    /// Those asked for in vain for another cause.
    pub errors: u64,
    /// How long those waited that did not get one at once.
    pub wait: Histogram,
    /// How long connections were held.
    pub hold: Histogram,
}

impl Stats {
    /// Connections closed since the start, for any reason.
    #[must_use]
    pub fn closed_total(&self) -> u64 {
        self.closed.iter().map(|(_, count)| count).sum()
    }

    /// The connections that were got without waiting, in percent of all that were got; `None` before the first.
    #[must_use]
    pub fn hit_rate(&self) -> Option<f64> {
        (self.gets > 0).then(|| self.hits as f64 / self.gets as f64 * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_powers_of_two() {
        let durations = Durations::default();
        for millis in [0, 1, 2, 3, 4, 1_000, u64::MAX] {
            durations.note(millis);
        }
        let histogram = durations.read();
        assert_eq!(histogram.buckets, [1, 1, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
        assert_eq!(histogram.percentile(50), Duration::from_millis(4));
        assert_eq!(histogram.percentile(1), Duration::from_millis(1));
        assert_eq!(Histogram::default().percentile(99), Duration::ZERO);
    }

    #[test]
    fn a_percentile_is_an_upper_bound_of_what_was_counted() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..300 {
            let durations = Durations::default();
            let mut taken: Vec<u64> = (0..random.usize(1..40)).map(|_| random.u64(..20_000)).collect();
            for millis in &taken {
                durations.note(*millis);
            }
            taken.sort_unstable();
            let histogram = durations.read();
            assert_eq!(histogram.count(), taken.len() as u64);
            for percent in [0_u8, 1, 50, 90, 99, 100, 200] {
                // The one at that rank, and the power of two above it.
                let rank = (taken.len() * usize::from(percent.min(100))).div_ceil(100).max(1);
                let bucket = (u64::BITS - taken[rank - 1].leading_zeros()).min(15);
                assert_eq!(
                    histogram.percentile(percent),
                    Duration::from_millis(1 << bucket),
                    "{percent} {taken:?}"
                );
            }
        }
    }

    #[test]
    fn histograms_are_added_bucket_by_bucket() {
        let one = |millis: u64| {
            let durations = Durations::default();
            durations.note(millis);
            durations.read()
        };
        let sum: Histogram = [one(0), one(1), one(1)].into_iter().sum();
        assert_eq!((sum.buckets[0], sum.buckets[1], sum.count()), (1, 2, 3));
    }

    #[test]
    fn every_reason_has_its_word_and_its_counter() {
        let words = ["idle", "lifetime", "invalid", "validation", "interrupted", "discarded", "closed"];
        assert!(words.iter().all(|word| CloseReason::ALL.iter().any(|reason| reason.as_str() == *word)));
        let counters = Counters::default();
        for (index, reason) in CloseReason::ALL.into_iter().enumerate() {
            (0..=index).for_each(|_| counters.closed(reason));
        }
        let counted: Vec<u64> =
            counters.closed.iter().map(|counter| counter.load(Ordering::Relaxed)).collect();
        assert_eq!(counted, (1..=CloseReason::ALL.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn states_of_the_breaker_have_their_words() {
        let words =
            [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen].map(BreakerState::as_str);
        assert_eq!(words, ["closed", "open", "half-open"]);
    }
}
