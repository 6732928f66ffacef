//! What threads meet at in a pool. The model tests compile the pool with a version of this file that is made of loom's
//! primitives, `tests/models/sync.rs`.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(super) use std::sync::{Mutex, MutexGuard};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;
use tokio::runtime::Handle;

/// How many cells there are: more than a few only spread the connections.
pub(super) const SLOTS: usize = 4;

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

/// Runs a task by itself.
pub(super) fn spawn(runtime: &Handle, task: impl Future<Output = ()> + Send + 'static) {
    drop(runtime.spawn(task));
}
