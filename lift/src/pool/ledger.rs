//! Which place of the pool is taken, and who holds its connection since when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use super::Histogram;
use super::places::Places;
use super::sync::{Mutex, MutexGuard};
use crate::clock::Moment;
use crate::resource::{Durations, User};

/// The places of a pool with their holders.
pub(super) struct Ledger {
    places: Places,
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    /// As many as there ever were connections at a time.
    all: Vec<Seat>,
    /// The numbers of those that nobody has.
    free: Vec<usize>,
}

type Seat = Arc<CachePadded<Holder>>;

/// Who holds the connection of a place. Only whoever owns the place's connection writes here.
struct Holder {
    /// When it was lent, plus one; zero while it is not.
    since: AtomicU64,
    by: AtomicCell<User>,
    /// How often it was lent to somebody who had not waited.
    hits: AtomicU64,
    /// How long the others waited for it.
    wait: Durations,
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

/// Lendings since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lendings {
    /// Those without waiting.
    pub(super) hits: u64,
    /// How long was waited for the others.
    pub(super) wait: Histogram,
    /// How long they were, those that are over.
    pub(super) hold: Histogram,
}

impl Ledger {
    pub(super) fn new(max: usize) -> Self {
        Self { places: Places::new(max), seats: Mutex::default() }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn max(&self) -> usize {
        self.places.max()
    }

    pub(super) fn resize(&self, max: usize) {
        self.places.resize(max);
    }

    pub(super) fn taken(&self) -> usize {
        self.places.taken()
    }

    pub(super) fn is_full(&self) -> bool {
        self.places.are_all_taken()
    }

    pub(super) fn lendings(&self) -> Lendings {
        let seats = self.seats();
        // What is over, first: it had begun by then.
        let hold = seats.all.iter().map(|holder| holder.hold.read()).sum();
        Lendings {
            hold,
            hits: seats.all.iter().map(|holder| holder.hits.load(Ordering::Relaxed)).sum(),
            wait: seats.all.iter().map(|holder| holder.wait.read()).sum(),
        }
    }

    /// The connections that are lent.
    pub(super) fn held(&self, now: Moment) -> Vec<Held> {
        let held = |(place, holder): (usize, &Seat)| {
            let since = holder.since.load(Ordering::Relaxed).checked_sub(1)?;
            let long = Duration::from_millis(now.ticks().saturating_sub(since));
            Some(Held { place, since, long, by: holder.by.load() })
        };
        self.seats().all.iter().enumerate().filter_map(held).collect()
    }
}

/// A place in the pool, given back when it is dropped.
pub(super) struct Place {
    index: usize,
    holder: Seat,
    ledger: Arc<Ledger>,
    /// Whether its connection is on its way out.
    leaves: bool,
}

impl Place {
    /// Takes a place when there is one.
    pub(super) fn take(ledger: &Arc<Ledger>) -> Option<Self> {
        if !ledger.places.take() {
            return None;
        }
        let (index, holder) = {
            let mut seats = ledger.seats();
            let free = seats.free.pop();
            match free.and_then(|index| seats.all.get(index).cloned().map(|holder| (index, holder))) {
                Some(free) => free,
                None => {
                    let holder = Seat::new(CachePadded::new(Holder::new()));
                    seats.all.push(holder.clone());
                    (seats.all.len() - 1, holder)
                }
            }
        };
        Some(Self { index, holder, ledger: ledger.clone(), leaves: false })
    }

    /// Says that its connection is on its way out.
    pub(super) fn leave(&mut self) {
        if !std::mem::replace(&mut self.leaves, true) {
            self.ledger.places.leave();
        }
    }

    /// As [`leave`](Self::leave), if there are more connections than there may be.
    pub(super) fn leave_if_too_many(&mut self) -> bool {
        if !self.leaves && self.ledger.places.leave_if_too_many() {
            self.leaves = true;
        }
        self.leaves
    }

    /// Begins a lending, to somebody who waited for it or did not.
    #[inline]
    pub(super) fn lent(&self, now: Moment, by: User, waited: Option<Duration>) {
        self.holder.by.store(by);
        self.holder.since.store(now.ticks() + 1, Ordering::Relaxed);
        match waited {
            Some(waited) => self.holder.wait.note(waited.as_millis().try_into().unwrap_or(u64::MAX)),
            None => self.holder.hits.store(self.holder.hits.load(Ordering::Relaxed) + 1, Ordering::Relaxed),
        }
    }

    /// Ends the lending, and notes how long it was.
    #[inline]
    pub(super) fn returned(&self, now: Moment) {
        let since = self.holder.since.load(Ordering::Relaxed);
        self.holder.since.store(0, Ordering::Relaxed);
        self.holder.hold.note((now.ticks() + 1).saturating_sub(since));
    }
}

impl Holder {
    fn new() -> Self {
        Self {
            since: AtomicU64::new(0),
            by: AtomicCell::new(User::NOBODY),
            hits: AtomicU64::new(0),
            wait: Durations::default(),
            hold: Durations::default(),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
        self.ledger.seats().free.push(self.index);
        self.ledger.places.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_place_is_taken_and_given_back_with_its_number() {
        let ledger = Arc::new(Ledger::new(2));
        for _ in 0..3 {
            let places = [Place::take(&ledger).unwrap(), Place::take(&ledger).unwrap()];
            assert!(Place::take(&ledger).is_none());
            assert!(ledger.is_full());
            let mut numbers = places.each_ref().map(|place| place.index);
            numbers.sort_unstable();
            assert_eq!((numbers, ledger.seats().all.len()), ([0, 1], 2));
            drop(places);
            assert!(!ledger.is_full());
        }
    }

    #[test]
    fn a_lending_is_held_from_its_begin_to_its_end_and_counted() {
        let (ledger, clock) = (Arc::new(Ledger::new(1)), Clock::held());
        let place = Place::take(&ledger).unwrap();
        assert!(ledger.held(clock.now()).is_empty());
        let mut begins = Vec::new();
        for (waited, held) in [(None, 0), (Some(2), 3), (Some(900), 900)] {
            place.lent(clock.now(), User::HEALTH, waited.map(Duration::from_millis));
            clock.advance(Duration::from_millis(held));
            let [now] = ledger.held(clock.now()).try_into().unwrap_or_else(|_| panic!("one is held"));
            assert_eq!((now.place, now.long, now.by.name()), (0, Duration::from_millis(held), "health"));
            begins.push(now.since);
            place.returned(clock.now());
            assert!(ledger.held(clock.now()).is_empty());
        }
        assert!(begins.is_sorted());
        let Lendings { hits, wait, hold } = ledger.lendings();
        assert_eq!(hits, 1);
        // Less than 4 ms, less than 1,024 ms; and less than 1 ms.
        assert_eq!((wait.count(), wait.buckets[2], wait.buckets[10]), (2, 1, 1));
        assert_eq!((hold.count(), hold.buckets[0], hold.buckets[2], hold.buckets[10]), (3, 1, 1, 1));
    }
}
