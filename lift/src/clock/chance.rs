use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

/// How often chance was drawn anew. Every thread looks at it before it draws.
static EPOCH: AtomicU32 = AtomicU32::new(1);

thread_local! {
    /// The thread's own generator, with the epoch of its seed; 0 for none.
    static OWN: RefCell<(u32, Rng)> = const { RefCell::new((0, Rng::with_seed(0))) };
}

/// Where lift draws lots; a test may hold it with a seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chance(Option<Arc<Mutex<Rng>>>);

impl Chance {
    #[cfg(test)]
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(Rng::with_seed(seed)))))
    }

    /// The duration less a random part of at most `percent` of it.
    pub(crate) fn shorten(&self, duration: Duration, percent: u32) -> Duration {
        let drawn = match &self.0 {
            Some(held) => held.lock().unwrap_or_else(PoisonError::into_inner).f64(),
            None => own(Rng::f64),
        };
        let off = duration.as_secs_f64() * drawn * f64::from(percent.min(100)) / 100.0;
        duration.saturating_sub(Duration::try_from_secs_f64(off).unwrap_or(duration))
    }
}

/// Draws from the thread's own generator, which has its seed from the kernel.
fn own<T>(draw: impl FnOnce(&mut Rng) -> T) -> T {
    OWN.with_borrow_mut(|(epoch, rng)| {
        let now = EPOCH.load(Ordering::Acquire);
        if *epoch != now {
            (*epoch, *rng) = (now, Rng::with_seed(seed()));
        }
        draw(rng)
    })
}

/// Chance of the kernel, which has fresh one on every machine that wakes up from a snapshot.
fn seed() -> u64 {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    // Six bits of an id are fixed: four in one half, two in the other.
    high ^ low.rotate_left(32)
}

/// After the restore of a snapshot: no thread draws from a seed that other machines woke up with, too.
pub(crate) fn reseed() {
    EPOCH.fetch_add(1, Ordering::AcqRel);
    // Of libraries that draw from `fastrand`, at least what they do on this thread.
    fastrand::seed(seed());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a machine draws that wakes up from one snapshot, or goes on when it does not know of one.
    fn machine(restored: bool) -> [Duration; 4] {
        OWN.with_borrow_mut(|own| *own = (EPOCH.load(Ordering::Acquire), Rng::with_seed(7)));
        if restored {
            reseed();
        }
        [(); 4].map(|()| Chance::default().shorten(Duration::from_secs(1_000), 100))
    }

    #[test]
    fn machines_that_wake_up_from_one_snapshot_draw_different_lots() {
        assert_eq!(machine(false), machine(false));
        assert_ne!(machine(true), machine(true));
        let library = || {
            fastrand::seed(7);
            reseed();
            fastrand::u64(..)
        };
        assert_ne!(library(), library());
    }

    #[test]
    fn a_duration_loses_any_part_up_to_its_percentage_and_no_more() {
        let chance = Chance::seeded(7);
        let second = Duration::from_secs(1);
        for (whole, percent, most) in [(second, 20, second / 5), (second * 60, 100, second * 60)] {
            let lost = [(); 1_000].map(|()| whole - chance.shorten(whole, percent));
            let (least, largest) = (lost.iter().min().unwrap(), lost.iter().max().unwrap());
            assert!(
                *least < most / 20 && *largest <= most && *largest > most / 20 * 19,
                "{least:?} {largest:?}"
            );
        }
        assert_eq!(chance.shorten(second, 0), second);
        assert!((0..1_000).all(|_| chance.shorten(second, u32::MAX) <= second));
    }

    #[test]
    fn half_of_a_seeds_bits_are_set() {
        let set: u32 = (0..1_000).map(|_| seed().count_ones()).sum();
        // Twelve standard deviations, so that chance alone never fails it.
        assert!((30_500..33_500).contains(&set), "{set} of 64,000");
    }

    #[test]
    fn threads_draw_for_themselves() {
        let draw = || std::thread::spawn(|| Chance::default().shorten(Duration::from_secs(1_000), 100));
        assert_ne!(draw().join().unwrap(), draw().join().unwrap());
    }
}
