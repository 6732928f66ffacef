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
