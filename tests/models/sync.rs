//! What threads meet at in a pool, of loom's primitives: it tries every order in which threads may come to them.

use std::cell::Cell;

use loom::future::block_on;
pub(super) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
pub(super) use loom::sync::{Mutex, MutexGuard};
use tokio::runtime::Handle;

/// Enough for what is parked to be here or there, or to find no room.
pub(super) const SLOTS: usize = 2;

/// A lock holds as many orders as the cell's exchanges do.
pub(super) struct Slot<T>(Mutex<Option<Box<T>>>);

impl<T> Slot<T> {
    pub(super) fn empty() -> Self {
        Self(Mutex::new(None))
    }

    pub(super) fn put(&self, value: Box<T>) -> Option<Box<T>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(value)
    }

    pub(super) fn take(&self) -> Option<Box<T>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_some()
    }
}

thread_local! {
    // loom's threads are coroutines of one thread.
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

/// Begins an order in which so many tasks have threads of their own; loom has five in all.
pub fn begin(tasks: usize) {
    LEFT.set(tasks);
}

/// Runs a task in a thread of its own or, when there are too many, here and now, which is one of the orders there are.
pub(super) fn spawn(_: &Handle, task: impl Future<Output = ()> + Send + 'static) {
    match LEFT.get().checked_sub(1) {
        Some(left) => {
            LEFT.set(left);
            loom::thread::spawn(|| block_on(task));
        }
        None => block_on(task),
    }
}
