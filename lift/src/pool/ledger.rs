//! Which place of the pool is taken, and who holds its connection since when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use super::Histogram;
use super::places::Places;
use crate::clock::Moment;
use crate::resource::{Durations, User};

/// The places of a pool with their holders.
pub(super) struct Ledger {
    places: Places,
    free: Mutex<Vec<usize>>,
    holders: Box<[CachePadded<Holder>]>,
}

/// Who holds the connection of a place. Only whoever owns the place's connection writes here.
struct Holder {
    /// When it was lent, plus one; zero while it is not.
    since: AtomicU64,
    by: AtomicCell<User>,
    /// How long it was held each time.
    hold: Durations,
}

/// A connection that is lent.
pub(super) struct Held {
    pub(super) place: usize,
    /// Tells this lending from the next one of the same place.
    pub(super) since: u64,
    pub(super) long: Duration,
    pub(super) by: User,
}

impl Ledger {
    pub(super) fn new(max: usize) -> Self {
        let holder = |_| {
            let (since, by) = (AtomicU64::new(0), AtomicCell::new(User::NOBODY));
            CachePadded::new(Holder { since, by, hold: Durations::default() })
        };
        Self {
            places: Places::new(max),
            free: Mutex::new((0..max).rev().collect()),
            holders: (0..max).map(holder).collect(),
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.places.taken()
    }

    pub(super) fn is_full(&self) -> bool {
        self.places.are_all_taken()
    }

    /// How long connections were held, of all places.
    pub(super) fn hold(&self) -> Histogram {
        self.holders.iter().map(|holder| holder.hold.read()).sum()
    }

    /// The connections that are lent.
    pub(super) fn held(&self, now: Moment) -> impl Iterator<Item = Held> {
        self.holders.iter().enumerate().filter_map(move |(place, holder)| {
            let since = holder.since.load(Ordering::Relaxed).checked_sub(1)?;
            let long = Duration::from_millis(now.ticks().saturating_sub(since));
            Some(Held { place, since, long, by: holder.by.load() })
        })
    }
}

/// A place in the pool, given back when it is dropped.
pub(super) struct Place {
    index: usize,
    ledger: Arc<Ledger>,
}

impl Place {
    /// Takes a place when there is one.
    pub(super) fn take(ledger: &Arc<Ledger>) -> Option<Self> {
        if !ledger.places.take() {
            return None;
        }
        let index = ledger.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if index.is_none() {
            // Unreachable: an index is put back before its place is given back.
            ledger.places.give_back();
        }
        index.map(|index| Self { index, ledger: ledger.clone() })
    }

    #[inline]
    pub(super) fn lent(&self, now: Moment, by: User) {
        if let Some(holder) = self.ledger.holders.get(self.index) {
            holder.by.store(by);
            holder.since.store(now.ticks() + 1, Ordering::Relaxed);
        }
    }

    /// Ends the lending, and notes how long it was.
    #[inline]
    pub(super) fn returned(&self, now: Moment) {
        if let Some(holder) = self.ledger.holders.get(self.index) {
            let since = holder.since.load(Ordering::Relaxed);
            holder.since.store(0, Ordering::Relaxed);
            holder.hold.note_alone((now.ticks() + 1).saturating_sub(since));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.ledger.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.index);
        self.ledger.places.give_back();
    }
}
