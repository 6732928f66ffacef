use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

thread_local! {
    static CURRENT: Cell<Deadline> = const { Cell::new(Deadline::NONE) };
}

/// Until when an invocation may run; there may be no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No limit.
    pub const NONE: Self = Self(None);

    /// A limit this far from now; a time that no clock reaches is no limit.
    #[must_use]
    pub fn after(limit: Duration) -> Self {
        Self(Instant::now().checked_add(limit))
    }

    /// The limit of the invocation that runs now; none outside of one, and in a task of its own.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// Runs `work`, a poll of an invocation, with this as the current limit.
    pub(crate) fn enter<T>(self, work: impl FnOnce() -> T) -> T {
        struct Restore(Deadline);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(self));
        work()
    }

    /// The earlier of two limits.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Self(Some(a.min(b))),
            (a, b) => Self(a.or(b)),
        }
    }

    /// When it is, unless there is no limit.
    #[must_use]
    pub fn at(self) -> Option<Instant> {
        self.0
    }

    /// Whether the limit has been reached.
    pub(crate) fn has_passed(self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }

    /// The time that is left, zero when it has passed, `None` without a limit.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_deadline_passes_when_its_time_is_over() {
        let (start, deadline) = (Instant::now(), Deadline::after(SECOND * 3));
        for left in [3, 2, 1, 0, 0] {
            assert_eq!((deadline.remaining(), deadline.has_passed()), (Some(SECOND * left), left == 0));
            tokio::time::advance(SECOND).await;
        }
        assert_eq!(deadline.at(), Some(start + SECOND * 3));
        let never = Deadline::after(Duration::MAX);
        assert_eq!((never, never.at(), never.remaining()), (Deadline::NONE, None, None));
        assert!(!never.has_passed());
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_is_later_than_every_limit() {
        let [soon, late] = [1, 2].map(|seconds| Deadline::after(SECOND * seconds));
        for (one, other, earlier) in [
            (soon, late, soon),
            (soon, Deadline::NONE, soon),
            (Deadline::NONE, Deadline::NONE, Deadline::NONE),
        ] {
            assert_eq!((one.earlier(other), other.earlier(one)), (earlier, earlier));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_current_limit_is_that_of_the_innermost_work_also_after_a_panic() {
        let [outer, inner] = [1, 2].map(|seconds| Deadline::after(SECOND * seconds));
        outer.enter(|| {
            assert_eq!(inner.enter(Deadline::current), inner);
            assert_eq!(Deadline::current(), outer);
            let panics = || inner.enter(|| std::panic::resume_unwind(Box::new("work")));
            assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
            assert_eq!(Deadline::current(), outer);
        });
        assert_eq!(Deadline::current(), Deadline::NONE);
    }
}
