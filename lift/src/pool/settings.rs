use std::fmt;
use std::time::Duration;

use crate::config::lambda::{concurrency, is_function, is_managed};
use crate::config::limits::Part;
use crate::config::{Invalid, Section, duration_text};
use crate::resource::{ResourceSpec, Taken, Warm};

/// A pool's limits, after attribute, `lift.toml` and environment have been read.
///
/// For a resource named `orders-db` a key such as `max_size` is `ORDERS_DB_POOL_MAX_SIZE`, or `max_size` under
/// `[resources.orders-db.pool]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolSettings {
    /// The most connections at a time, 1 to 10,000. Default: in a container 4 for each CPU, at most 32; on Lambda
    /// as many as one invocation takes.
    pub max_size: usize,
    /// The bound of a whole `get`: queue, validation and connect. Default 2 s. In a value built in code zero counts as the
    /// default here, and for every other time-out whose zero settings refuse.
    pub wait: Duration,
    /// The bound of one connect. Default 1 s.
    pub connect_timeout: Duration,
    /// The bound of one validation. Default 250 ms.
    pub validate_timeout: Duration,
    /// Idle time after which a checkout makes a round trip; zero for every one. Default 500 ms.
    pub validate_after: Duration,
    /// Idle time after which a connection is replaced; zero for never. Default 10 min.
    pub idle_timeout: Duration,
    /// Age at which a connection is replaced; zero for never. Default 30 min.
    pub max_lifetime: Duration,
    /// When connections are opened. Default `eager`.
    pub warm: Warm,
    /// Idle connections to keep, 0 to `max_size`. Default 0.
    pub min_idle: usize,
    /// The bound of one cleanup; until then the connection has its place in the pool. Default 1 s.
    pub cleanup_timeout: Duration,
    /// Time held after which a leak is suspected and logged, once. Default 30 s; on Lambda, except on managed
    /// instances, zero, which means the end of the invocation.
    pub leak_after: Duration,
    /// When callers wait, and for so long no connection has come back and no connect has ended, the pool is unhealthy.
    /// Default 1 min.
    pub stuck_after: Duration,
    /// Where `max_size` comes from, for the start-up banner.
    pub(crate) max_size_rule: String,
    /// Callers have deadlines, so nobody waits long for a breaker; on managed instances neither.
    pub(crate) on_lambda: bool,
}

/// The defaults of a container, with four connections for each CPU.
impl Default for PoolSettings {
    fn default() -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            max_size: (4 * cpus).min(32),
            wait: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(1),
            validate_timeout: Duration::from_millis(250),
            validate_after: Duration::from_millis(500),
            idle_timeout: Duration::from_secs(600),
            max_lifetime: Duration::from_secs(1800),
            warm: Warm::default(),
            min_idle: 0,
            cleanup_timeout: Duration::from_secs(1),
            leak_after: Duration::from_secs(30),
            stuck_after: Duration::from_secs(60),
            max_size_rule: format!("4 × {cpus} CPUs, at most 32"),
            on_lambda: false,
        }
    }
}

/// Where the service runs, as far as defaults depend on it, with its numbers.
#[derive(Clone, Copy)]
enum Place {
    Container { cpus: usize },
    Lambda { concurrency: usize, managed: bool },
}

impl Place {
    fn here() -> Self {
        if is_function() {
            Self::Lambda { concurrency: concurrency(), managed: is_managed() }
        } else {
            Self::Container { cpus: std::thread::available_parallelism().map_or(1, usize::from) }
        }
    }

    fn leak_after(self) -> Duration {
        match self {
            // Whatever is still held when the next invocation begins was leaked by one that has ended. On a managed
            // instance tasks go on between invocations, and may hold something rightly.
            Self::Lambda { managed: false, .. } => Duration::ZERO,
            _ => PoolSettings::default().leak_after,
        }
    }

    fn max_size(self, per_call: usize, per_invocation: usize) -> (usize, String) {
        match self {
            Self::Lambda { concurrency, .. } => {
                let size = per_invocation.saturating_mul(concurrency).clamp(1, 10_000);
                (size, format!("{concurrency} at a time × {per_invocation} of one invocation"))
            }
            Self::Container { cpus } => {
                let size = (4 * cpus).clamp(per_call.max(1), 32.max(per_call));
                (size, format!("4 × {cpus} CPUs, at most 32"))
            }
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $method:ident $field:ident: $type:ty;)*) => {
        /// For a pool outside of any app.
        ///
        /// ```
        /// use std::time::Duration;
        ///
        /// let settings = lift::pool::PoolSettings::default().with_max_size(4).with_wait(Duration::from_millis(500));
        /// assert_eq!((settings.max_size, settings.idle_timeout), (4, Duration::from_secs(600)));
        /// ```
        impl PoolSettings {$(
            $(#[$doc])*
            #[must_use]
            pub fn $method(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            }
        )*}
    };
}

setters! {
    /// The most connections at a time, 1 to 10,000; a number outside counts as the nearer end.
    with_max_size max_size: usize;
    /// The bound of a whole `get`: queue, validation and connect.
    with_wait wait: Duration;
    /// The bound of one connect.
    with_connect_timeout connect_timeout: Duration;
    /// The bound of one validation.
    with_validate_timeout validate_timeout: Duration;
    /// Idle time after which a checkout makes a round trip; zero for every one.
    with_validate_after validate_after: Duration;
    /// Idle time after which a connection is replaced; zero for never.
    with_idle_timeout idle_timeout: Duration;
    /// Age at which a connection is replaced; zero for never.
    with_max_lifetime max_lifetime: Duration;
    /// When connections are opened.
    with_warm warm: Warm;
    /// Idle connections to keep.
    with_min_idle min_idle: usize;
    /// The bound of one cleanup.
    with_cleanup_timeout cleanup_timeout: Duration;
    /// Time held after which a leak is suspected and logged, once.
    with_leak_after leak_after: Duration;
    /// Time in which nothing came back and no connect ended, while callers wait, after which the pool is unhealthy.
    with_stuck_after stuck_after: Duration;
}

impl PoolSettings {
    /// Zero for a limit of age means that there is none; where settings refuse it, a value built in code has the default.
    pub(super) fn with_meaning(mut self) -> Self {
        let defaults = Self::default();
        for (limit, meant) in [
            (&mut self.idle_timeout, Duration::MAX),
            (&mut self.max_lifetime, Duration::MAX),
            (&mut self.wait, defaults.wait),
            (&mut self.connect_timeout, defaults.connect_timeout),
            (&mut self.validate_timeout, defaults.validate_timeout),
            (&mut self.cleanup_timeout, defaults.cleanup_timeout),
            (&mut self.stuck_after, defaults.stuck_after),
        ] {
            if limit.is_zero() {
                *limit = meant;
            }
        }
        self
    }

    /// Reads the `pool` section over the attribute's values, for what the handlers of the app take.
    pub(crate) fn read(spec: &ResourceSpec, section: Section<'_>, taken: &Taken) -> Result<Self, Invalid> {
        let defaults = Self::default();
        let place = Place::here();
        let mut section = section.in_code(spec.pool_attribute());
        let max_size = max_size(&mut section, place, taken);
        let min_idle = section.limit(Part::Pool, "min_idle", defaults.min_idle);
        let mut limit = |key, default: Duration| section.limit(Part::Pool, key, default);
        let wait = limit("wait", defaults.wait);
        let connect_timeout = limit("connect_timeout", defaults.connect_timeout);
        let validate_timeout = limit("validate_timeout", defaults.validate_timeout);
        let validate_after = limit("validate_after", defaults.validate_after);
        let idle_timeout = limit("idle_timeout", defaults.idle_timeout);
        let max_lifetime = limit("max_lifetime", defaults.max_lifetime);
        let cleanup_timeout = limit("cleanup_timeout", defaults.cleanup_timeout);
        let leak_after = limit("leak_after", place.leak_after());
        let stuck_after = limit("stuck_after", defaults.stuck_after);
        let warm = section.or("warm", Warm::default());
        let ((max_size, max_size_rule), min_idle) = (max_size?, min_idle?);
        if min_idle > max_size && !is_function() {
            return Err(too_many_idle(&mut section, min_idle, (max_size, &max_size_rule)));
        }
        Ok(Self {
            max_size,
            wait: wait?,
            connect_timeout: connect_timeout?,
            validate_timeout: validate_timeout?,
            validate_after: validate_after?,
            idle_timeout: idle_timeout?,
            max_lifetime: max_lifetime?,
            warm: warm?,
            min_idle: min_idle.min(max_size),
            cleanup_timeout: cleanup_timeout?,
            leak_after: leak_after?,
            stuck_after: stuck_after?,
            max_size_rule,
            on_lambda: is_function(),
        })
    }
}

/// The size and the rule behind it.
fn max_size(section: &mut Section<'_>, place: Place, taken: &Taken) -> Result<(usize, String), Invalid> {
    const KEY: &str = "max_size";
    let Some(size) = section.optional_limit::<usize>(Part::Pool, KEY)? else {
        return Ok(place.max_size(taken.per_call, taken.per_invocation));
    };
    if size < taken.per_call {
        let (count, by) = (taken.per_call, &taken.most);
        let problem = format!("{size} is too few: {by} takes {count} connections in one call");
        return Err(section.invalid(KEY, problem));
    }
    let rule = if section.is_in_code(KEY) { "attribute" } else { "settings" };
    Ok((size, rule.to_owned()))
}

/// Each of the two may be set anywhere, or be a default.
fn too_many_idle(section: &mut Section<'_>, min_idle: usize, (max_size, rule): (usize, &str)) -> Invalid {
    let most = section.source_of("max_size").unwrap_or_else(|| rule.to_owned());
    let problem =
        format!("{min_idle} idle connections cannot be kept in a pool of at most {max_size} ({most})");
    section.invalid("min_idle", problem)
}

/// The limits of a shared client: those of a pool's that mean something for it.
pub(super) struct ClientSettings {
    /// The bound of a caller's wait until it is open.
    pub(super) wait: Duration,
    /// The bound of one attempt to open it.
    pub(super) connect_timeout: Duration,
    pub(super) cleanup_timeout: Duration,
    pub(super) warm: Warm,
    /// The longest wait of its breaker.
    pub(super) longest_break: Duration,
}

/// The keys of connections that come and go.
const NOT_SHARED: [&str; 8] = [
    "max_size",
    "min_idle",
    "validate_timeout",
    "validate_after",
    "idle_timeout",
    "max_lifetime",
    "leak_after",
    "stuck_after",
];

impl ClientSettings {
    /// Reads the `pool` section over the attribute's values, and refuses what only a pool has.
    pub(super) fn read(spec: &ResourceSpec, section: Section<'_>) -> Result<Self, Invalid> {
        const PROBLEM: &str = "is a pool's key, and this is taken as one shared client";
        const HELP: &str =
            "leave it out; a shared client has `wait`, `connect_timeout`, `cleanup_timeout` and `warm`";
        let mut section = section.in_code(spec.pool_attribute());
        let mut pools_only = Ok(());
        for key in NOT_SHARED {
            pools_only = pools_only.and(section.refuse(key, PROBLEM, HELP));
        }
        let defaults = PoolSettings::default();
        let mut limit = |key, default: Duration| section.limit(Part::Pool, key, default);
        let wait = limit("wait", defaults.wait);
        let connect_timeout = limit("connect_timeout", defaults.connect_timeout);
        let cleanup_timeout = limit("cleanup_timeout", defaults.cleanup_timeout);
        let warm = section.or("warm", Warm::default());
        pools_only?;
        Ok(Self {
            wait: wait?,
            connect_timeout: connect_timeout?,
            cleanup_timeout: cleanup_timeout?,
            warm: warm?,
            longest_break: longest_break(is_function()),
        })
    }
}

/// The longest wait of a breaker: nobody waits long for one on Lambda.
pub(super) fn longest_break(on_lambda: bool) -> Duration {
    Duration::from_secs(if on_lambda { 1 } else { 15 })
}

impl fmt::Display for PoolSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warm = self.warm.word();
        let wait = duration_text(self.wait);
        write!(f, "at most {} ({}), wait {wait}, {warm}", self.max_size, self.max_size_rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use crate::config::limits::{TABLE, Zero};

    fn read(
        spec: &ResourceSpec,
        sources: &Sources,
        per_call: usize,
    ) -> (Result<PoolSettings, Invalid>, String) {
        let mut reader = sources.reader();
        let section = reader.section(&["resources", "db", "pool"], "DB_POOL");
        let most = "`transfer` (src/pay.rs:7)".to_owned();
        let taken = Taken { per_call, per_invocation: per_call, most };
        let settings = PoolSettings::read(spec, section, &taken);
        (settings, reader.finish().to_string())
    }

    #[test]
    fn attribute_file_and_environment_in_rising_precedence() {
        let spec = ResourceSpec::named("db").max_size(3).wait_ms(100).warm(Warm::Lazy);
        let sources = Sources::empty().toml("[resources.db.pool]\nwait = '3s'\nmax_size = 5").unwrap();
        let sources = sources.var("DB_POOL_MAX_SIZE", "7");
        let settings = read(&spec, &sources, 1).0.unwrap();
        assert_eq!((settings.max_size, settings.wait.as_secs(), settings.warm), (7, 3, Warm::Lazy));
    }

    #[test]
    fn the_defaults_are_those_of_the_place() {
        let classic = Place::Lambda { concurrency: 1, managed: false };
        let managed = |concurrency| Place::Lambda { concurrency, managed: true };
        let container = |cpus| Place::Container { cpus };
        for (place, leak_after, sizes) in [
            (classic, 0, [1, 1, 2, 7]),
            (managed(1), 30, [1, 1, 2, 7]),
            (managed(10), 30, [1, 10, 20, 70]),
            (managed(5_000), 30, [1, 5_000, 10_000, 10_000]),
            (container(1), 30, [4, 4, 4, 7]),
            (container(2), 30, [8, 8, 8, 8]),
            (container(64), 30, [32, 32, 32, 32]),
        ] {
            assert_eq!(place.leak_after(), Duration::from_secs(leak_after));
            assert_eq!([0, 1, 2, 7].map(|taken| place.max_size(taken, taken).0), sizes);
        }
        assert_eq!(container(64).max_size(40, 40).0, 40, "one call's worth at least");
    }

    /// The macros, which read attributes, have the same list.
    #[test]
    fn zero_is_refused_where_it_means_nothing() {
        let list = include_str!("../config/durations.txt");
        let list: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("zero ")).collect();
        let limits: Vec<_> = TABLE.iter().filter(|limit| limit.part == Part::Pool).collect();
        assert_eq!(limits.len(), 11);
        for limit in limits {
            let key = limit.key;
            let variable = format!("DB_POOL_{}", key.to_uppercase());
            let (settings, text) = read(&ResourceSpec::named("db"), &Sources::empty().var(&variable, "0"), 1);
            let means = limit.zero != Zero::Refused;
            assert_eq!(settings.is_ok(), means, "{key}: {text}");
            assert!(means || text.contains(&variable), "{text}");
            assert_eq!(list.contains(&key), means && key != "min_idle", "{key}");
        }
    }

    #[test]
    fn zero_in_a_value_built_in_code_is_no_limit_or_the_default() {
        let zero = Duration::ZERO;
        let built =
            PoolSettings::default().with_wait(zero).with_connect_timeout(zero).with_validate_timeout(zero);
        let built = built.with_cleanup_timeout(zero).with_stuck_after(zero);
        let built = built.with_idle_timeout(zero).with_max_lifetime(zero).with_meaning();
        let never = PoolSettings::default().with_idle_timeout(Duration::MAX).with_max_lifetime(Duration::MAX);
        assert_eq!(built, never);
    }

    #[test]
    fn a_limit_of_the_attribute_is_told_with_its_place_and_the_handler() {
        let spec = ResourceSpec::new("db", "shop", "src/db.rs", 7);
        let by_hand = ResourceSpec::named("db");
        for (spec, variable, expected) in [
            (
                spec.clone().max_size(1),
                None,
                "src/db.rs:7: resource `db`: `pool(max_size)`: 1 is too few: `transfer` (src/pay.rs:7) takes 2",
            ),
            (
                spec.clone().max_size(1).min_idle(0),
                Some(("DB_POOL_MAX_SIZE", "1")),
                "- DB_POOL_MAX_SIZE: 1 is too few",
            ),
            (
                spec.clone().max_size(3).min_idle(4),
                None,
                "`pool(min_idle)`: 4 idle connections cannot be kept in a pool of at most 3 (src/db.rs:7: resource `db`: `pool(max_size)`)",
            ),
            (
                spec.min_idle(4),
                Some(("DB_POOL_MAX_SIZE", "3")),
                "src/db.rs:7: resource `db`: `pool(min_idle)`: 4 idle connections cannot be kept in a pool of at most 3 (DB_POOL_MAX_SIZE)",
            ),
            (by_hand.clone().min_idle(9_999), None, " CPUs, at most 32)"),
            (by_hand.clone().wait_ms(0), None, "resource `db`: `pool(wait)`: must be longer than zero"),
            (by_hand.max_size(0), None, "resource `db`: `pool(max_size)`: 0 is not between 1 and 10000"),
        ] {
            let sources =
                variable.map_or_else(Sources::empty, |(name, value)| Sources::empty().var(name, value));
            let (settings, text) = read(&spec, &sources, 2);
            assert!(settings.is_err() && text.contains(expected), "{expected}\n{text}");
            assert!(text.contains("1 thing is wrong"), "{text}");
        }
    }

    #[test]
    fn no_limit_in_time_is_longer_than_what_it_is_for() {
        let table = include_str!("../config/durations.txt");
        let most: Vec<_> =
            table.lines().filter_map(|line| line.strip_prefix("most ")?.split_once(' ')).collect();
        assert_eq!(most.len(), 9);
        for (most, key) in most {
            let variable = format!("DB_POOL_{}", key.to_uppercase());
            let long = if most == "15m" { "901s" } else { "86401s" };
            for (value, works) in [(most, true), (long, false)] {
                // Everything else has to fit an idle time of a day.
                let sources = Sources::empty().var("DB_POOL_MAX_LIFETIME", "24h").var(&variable, value);
                let (settings, text) = read(&ResourceSpec::named("db"), &sources, 1);
                assert_eq!(settings.is_ok(), works, "{key} = {value}: {text}");
                assert!(works || text.contains("the most"), "{text}");
            }
        }
    }

    #[test]
    fn limits_that_cannot_work_are_told() {
        for (variable, value, per_call, words) in [
            ("DB_POOL_MAX_SIZE", "0", 1, "0 is not between 1 and 10000"),
            ("DB_POOL_MAX_SIZE", "1", 2, "1 is too few: `transfer` (src/pay.rs:7) takes 2 connections"),
            ("DB_POOL_WAIT", "0s", 1, "DB_POOL_WAIT: must be longer than zero"),
            ("DB_POOL_WAIT", "5", 1, "`5` is not a duration"),
            ("DB_POOL_MIN_IDLE", "10000", 1, "10000 idle connections cannot be kept"),
            ("DB_POOL_WARM", "hot", 1, "`hot` is not `eager`, `lazy` or `required`"),
        ] {
            let (settings, text) =
                read(&ResourceSpec::named("db"), &Sources::empty().var(variable, value), per_call);
            assert!(settings.is_err() && text.contains(words), "{variable}={value}: {text}");
        }
    }

    #[test]
    fn the_banner_tells_size_wait_and_warmth() {
        let settings =
            read(&ResourceSpec::named("db").max_size(3).wait_ms(1_500), &Sources::empty(), 1).0.unwrap();
        assert_eq!(settings.to_string(), "at most 3 (attribute), wait 1500ms, eager");
        for (warm, word) in [(Warm::Lazy, "lazy"), (Warm::Required, "required"), (Warm::Eager, "eager")] {
            assert!(settings.clone().with_warm(warm).to_string().ends_with(word));
        }
    }

    #[test]
    fn a_pool_has_four_connections_for_each_cpu_and_as_many_as_a_handler_takes() {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!(PoolSettings::default().max_size, (4 * cpus).min(32));
        for per_call in [1, 2, 40] {
            let settings = read(&ResourceSpec::named("db"), &Sources::empty(), per_call).0.unwrap();
            assert_eq!(settings.max_size, (4 * cpus).min(32).max(per_call));
            assert_eq!(settings.max_size_rule, format!("4 × {cpus} CPUs, at most 32"));
        }
    }

    #[test]
    fn as_many_idle_connections_as_fit_can_be_kept() {
        let spec = ResourceSpec::named("db").max_size(3).min_idle(3);
        assert_eq!(read(&spec, &Sources::empty(), 3).0.unwrap().min_idle, 3);
        assert!(read(&spec.min_idle(4), &Sources::empty(), 3).0.is_err());
    }
}
