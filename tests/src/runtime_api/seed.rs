use std::time::{Duration, SystemTime};

/// Where the choices of a run come from.
///
/// Each choice is made of the seed, what it is for and a running number, so that one more or one less of another kind, which
/// the operating system's scheduling decides, does not shift all the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seed(u64);

/// Sets the seed of a run.
pub(super) const VARIABLE: &str = "RUNTIME_API_SEED";

impl Seed {
    /// The environment's, else the given one, else one that is new in every run.
    pub(super) fn choose(given: Option<u64>) -> Self {
        if let Ok(text) = std::env::var(VARIABLE) {
            match text.trim().parse() {
                Ok(seed) => return Self(seed),
                Err(error) => panic!("{VARIABLE}=`{text}` is not a number: {error}"),
            }
        }
        Self(given.unwrap_or_else(|| {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            mixed(now.as_nanos() as u64) >> 32
        }))
    }

    /// The number to write down.
    pub(super) fn number(self) -> u64 {
        self.0
    }

    /// An index below `among`, which is above zero.
    pub(super) fn pick(self, what: &str, number: u64, among: usize) -> usize {
        (self.hash(what, number) % among as u64) as usize
    }

    /// A time below `limit`.
    pub(super) fn below(self, what: &str, number: u64, limit: Duration) -> Duration {
        limit.mul_f64((self.hash(what, number) >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// An id in the form that AWS uses.
    pub(super) fn uuid(self, what: &str, number: u64) -> String {
        let (a, b) = (self.hash(what, 2 * number), self.hash(what, 2 * number + 1));
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }

    fn hash(self, what: &str, number: u64) -> u64 {
        let mut hash = mixed(self.0);
        for byte in what.bytes() {
            hash = mixed(hash ^ u64::from(byte));
        }
        mixed(hash ^ number)
    }
}

/// One step of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_depend_on_seed_purpose_and_number_and_spread() {
        let seed = Seed(7);
        assert_eq!(seed.pick("poll", 3, 1000), Seed(7).pick("poll", 3, 1000));
        let others = [Seed(8).hash("poll", 3), seed.hash("event", 3), seed.hash("poll", 4)];
        assert!(!others.contains(&seed.hash("poll", 3)));
        let mut counts = [0; 4];
        (0..4000).for_each(|number| counts[seed.pick("poll", number, 4)] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn times_stay_below_their_limit_and_ids_look_like_ids() {
        let limit = Duration::from_millis(3);
        assert!((0..1000).all(|number| Seed(1).below("delay", number, limit) < limit));
        assert_eq!(Seed(1).below("delay", 1, Duration::ZERO), Duration::ZERO);
        let id = Seed(1).uuid("request", 1);
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
        assert_ne!(id, Seed(1).uuid("request", 2));
    }
}
