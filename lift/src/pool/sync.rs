//! The primitives of [`parking`](super::parking) and [`places`](super::places), which the model tests replace by loom's.

use std::sync::atomic::AtomicBool;
pub(super) use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

/// A cell for one boxed value that threads put into and take out of without a lock.
pub(super) struct Slot<T>(CachePadded<(AtomicCell<Option<Box<T>>>, AtomicBool)>);

impl<T> Slot<T> {
    pub(super) fn empty() -> Self {
        Self(CachePadded::new((AtomicCell::new(None), AtomicBool::new(false))))
    }

    /// Exchanges the content; ordered (acquire and release) with every other exchange of this slot, also of an empty one.
    pub(super) fn put(&self, value: Box<T>) -> Option<Box<T>> {
        self.0.1.store(true, Ordering::Relaxed);
        self.0.0.swap(Some(value))
    }

    pub(super) fn take(&self) -> Option<Box<T>> {
        let taken = self.0.0.swap(None);
        self.0.1.store(false, Ordering::Relaxed);
        taken
    }

    /// Whether there is a value, for counting only: it may be wrong for a moment.
    pub(super) fn is_full(&self) -> bool {
        self.0.1.load(Ordering::Relaxed)
    }
}
