//! A few returned connections at hand, for as long as nobody waits.
//!
//! Taking from here costs one atomic exchange. A caller that has to wait must never be passed by: it first says that it
//! waits, then empties every slot; whoever returns a connection first puts it into a slot, then looks whether somebody
//! waits. Both exchange the content of that slot, so one exchange comes after the other and sees what was done before
//! it: either the caller finds the connection, or its owner finds the caller. No connection lies here while somebody
//! waits for it.

use super::sync::{AtomicUsize, Ordering, SLOTS, Slot};

/// Returned connections, and how many are waited for.
pub(super) struct Parking<T> {
    slots: [Slot<T>; SLOTS],
    waiting: AtomicUsize,
}

/// Says that a caller waits for so many, until it is dropped.
pub(super) struct Waiting<'a>(&'a AtomicUsize, usize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl<T> Parking<T> {
    pub(super) fn new() -> Self {
        Self { slots: std::array::from_fn(|_| Slot::empty()), waiting: AtomicUsize::new(0) }
    }

    /// A parked value, tried from the slot `home` on; none while somebody waits.
    pub(super) fn take(&self, home: usize) -> Option<Box<T>> {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            return None;
        }
        self.take_any(home)
    }

    /// A parked value, whoever waits.
    pub(super) fn take_any(&self, home: usize) -> Option<Box<T>> {
        self.from(home).find_map(Slot::take)
    }

    /// Parks a value; gives back the oldest one when all slots are full. Afterwards the caller must look at
    /// [`waiting`](Self::waiting) and, when somebody waits, take everything out again.
    pub(super) fn park(&self, home: usize, value: Box<T>) -> Option<Box<T>> {
        let mut left = Some(value);
        for slot in self.from(home) {
            left = left.and_then(|value| slot.put(value));
            if left.is_none() {
                break;
            }
        }
        left
    }

    /// Registers a caller that waits for so many. It must call [`take_any`](Self::take_any) until that gives nothing,
    /// before it goes to sleep.
    pub(super) fn wait(&self, count: usize) -> Waiting<'_> {
        self.waiting.fetch_add(count, Ordering::Relaxed);
        Waiting(&self.waiting, count)
    }

    /// How many values lie here, more or less.
    pub(super) fn occupied(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_full()).count()
    }

    /// How many callers wait, one that waits for several counted as so many.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The slots, beginning with `home`'s.
    fn from(&self, home: usize) -> impl Iterator<Item = &Slot<T>> {
        let (before, after) = self.slots.split_at(home % SLOTS);
        after.iter().chain(before)
    }
}
