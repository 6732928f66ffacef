//! How many connections exist: never more than there are places.

use super::sync::{AtomicUsize, Ordering};

/// The places of a pool. A connection has one from before it is opened until it has been cleaned up.
pub(super) struct Places {
    max: AtomicUsize,
    taken: AtomicUsize,
    /// How many of the taken ones are of connections that are not on their way out.
    staying: AtomicUsize,
}

impl Places {
    pub(super) fn new(max: usize) -> Self {
        Self { max: AtomicUsize::new(max), taken: AtomicUsize::new(0), staying: AtomicUsize::new(0) }
    }

    pub(super) fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    /// Changes how many there are. What is taken stays taken, also when that is more.
    pub(super) fn resize(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// Takes a place when there is one; it must be [given back](Self::give_back) once.
    pub(super) fn take(&self) -> bool {
        let max = self.max();
        let mut taken = self.taken.load(Ordering::Relaxed);
        while taken < max {
            match self.taken.compare_exchange_weak(taken, taken + 1, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    self.staying.fetch_add(1, Ordering::AcqRel);
                    return true;
                }
                Err(now) => taken = now,
            }
        }
        false
    }

    /// Says that the connection of a place is on its way out.
    pub(super) fn leave(&self) {
        self.staying.fetch_sub(1, Ordering::AcqRel);
    }

    /// As [`leave`](Self::leave), if more stay than there may be.
    pub(super) fn leave_if_too_many(&self) -> bool {
        let max = self.max();
        let less = |staying: usize| staying.checked_sub(1).filter(|less| *less >= max);
        self.staying.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok()
    }

    pub(super) fn give_back(&self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    pub(super) fn are_all_taken(&self) -> bool {
        self.taken() >= self.max()
    }
}
