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
    /// How long it was held each time.
    hold: Durations,
    /// How often it was lent without waiting, and after.
    hits: AtomicU64,
    misses: AtomicU64,
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
    pub(super) hits: u64,
    pub(super) misses: u64,
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

    /// How long connections were held, of all places.
    pub(super) fn hold(&self) -> Histogram {
        self.seats().all.iter().map(|holder| holder.hold.read()).sum()
    }

    pub(super) fn lendings(&self) -> Lendings {
        let count = |sum: Lendings, holder: &Seat| Lendings {
            hits: sum.hits + holder.hits.load(Ordering::Relaxed),
            misses: sum.misses + holder.misses.load(Ordering::Relaxed),
        };
        self.seats().all.iter().fold(Lendings::default(), count)
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
        Some(Self { index, holder, ledger: ledger.clone() })
    }

    #[inline]
    pub(super) fn lent(&self, now: Moment, by: User, waited: bool) {
        self.holder.by.store(by);
        self.holder.since.store(now.ticks() + 1, Ordering::Relaxed);
        let counter = if waited { &self.holder.misses } else { &self.holder.hits };
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Ends the lending, and notes how long it was.
    #[inline]
    pub(super) fn returned(&self, now: Moment) {
        let since = self.holder.since.load(Ordering::Relaxed);
        self.holder.since.store(0, Ordering::Relaxed);
        self.holder.hold.note_alone((now.ticks() + 1).saturating_sub(since));
    }
}

impl Holder {
    fn new() -> Self {
        Self {
            since: AtomicU64::new(0),
            by: AtomicCell::new(User::NOBODY),
            hold: Durations::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
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
        for (waited, held) in [(false, 0), (true, 3), (true, 900)] {
            place.lent(clock.now(), User::HEALTH, waited);
            clock.advance(Duration::from_millis(held));
            let [now] = ledger.held(clock.now()).try_into().unwrap_or_else(|_| panic!("one is held"));
            assert_eq!((now.place, now.long, now.by.name()), (0, Duration::from_millis(held), "health"));
            begins.push(now.since);
            place.returned(clock.now());
            assert!(ledger.held(clock.now()).is_empty());
        }
        assert!(begins.is_sorted());
        assert_eq!(ledger.lendings(), Lendings { hits: 1, misses: 2 });
        let hold = ledger.hold();
        // Less than 1 ms, less than 4 ms, less than 1,024 ms.
        assert_eq!((hold.count(), hold.buckets[0], hold.buckets[2], hold.buckets[10]), (3, 1, 1, 1));
    }
}
