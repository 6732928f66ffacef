use std::time::Duration;

use crate::config::{Attribute, Value, duration_text};

/// A type's name without the paths of its modules: `Shared<String>`.
pub(crate) fn short_name(type_name: &str) -> String {
    let mut short = String::new();
    for part in type_name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

/// When connections are opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warm {
    /// Tried at start; a failure is logged and never fatal.
    #[default]
    Eager,
    /// At the first use.
    Lazy,
    /// At start; the service is not ready before it worked once.
    Required,
}

impl Value for Warm {
    const EXPECTED: &'static str = "`eager`, `lazy` or `required`";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "eager" => Some(Self::Eager),
            "lazy" => Some(Self::Lazy),
            "required" => Some(Self::Required),
            _ => None,
        }
    }
}

impl Warm {
    /// The word used in settings.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Lazy => "lazy",
            Self::Required => "required",
        }
    }
}

/// A resource's name, limits and defaults, as its attribute says; settings may override the limits.
#[derive(Clone, Debug)]
pub struct ResourceSpec {
    pub(crate) name: &'static str,
    pub(crate) location: Option<(&'static str, u32)>,
    pub(crate) max_size: Option<usize>,
    pub(crate) min_idle: Option<usize>,
    pub(crate) wait: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) validate_timeout: Option<Duration>,
    pub(crate) validate_after: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) max_lifetime: Option<Duration>,
    pub(crate) cleanup_timeout: Option<Duration>,
    pub(crate) leak_after: Option<Duration>,
    pub(crate) stuck_after: Option<Duration>,
    pub(crate) warm: Option<Warm>,
    pub(crate) health_timeout: Option<Duration>,
    pub(crate) health_interval: Option<Duration>,
    pub(crate) fail_after: u32,
    pub(crate) recover_after: u32,
    pub(crate) health_enabled: bool,
    pub(crate) critical: bool,
    pub(crate) ready: bool,
    pub(crate) defaults: Vec<(&'static str, &'static str)>,
}

impl ResourceSpec {
    /// A resource's name and where it is written; the `derive` fills it in.
    #[must_use]
    pub fn new(name: &'static str, _module: &'static str, file: &'static str, line: u32) -> Self {
        Self { location: Some((file, line)), ..Self::named(name) }
    }

    /// A resource's name.
    #[must_use]
    pub fn named(name: &'static str) -> Self {
        Self {
            name,
            location: None,
            max_size: None,
            min_idle: None,
            wait: None,
            connect_timeout: None,
            validate_timeout: None,
            validate_after: None,
            idle_timeout: None,
            max_lifetime: None,
            cleanup_timeout: None,
            leak_after: None,
            stuck_after: None,
            warm: None,
            health_timeout: None,
            health_interval: None,
            fail_after: 1,
            recover_after: 1,
            health_enabled: true,
            critical: true,
            ready: false,
            defaults: Vec::new(),
        }
    }

    /// What `pool(…)` says.
    pub(crate) fn pool_attribute(&self) -> Attribute {
        let (count, time) = (|count: usize| count.to_string(), duration_text);
        self.attribute(
            "pool",
            [
                ("max_size", self.max_size.map(count)),
                ("min_idle", self.min_idle.map(count)),
                ("wait", self.wait.map(time)),
                ("connect_timeout", self.connect_timeout.map(time)),
                ("validate_timeout", self.validate_timeout.map(time)),
                ("validate_after", self.validate_after.map(time)),
                ("idle_timeout", self.idle_timeout.map(time)),
                ("max_lifetime", self.max_lifetime.map(time)),
                ("cleanup_timeout", self.cleanup_timeout.map(time)),
                ("leak_after", self.leak_after.map(time)),
                ("stuck_after", self.stuck_after.map(time)),
                ("warm", self.warm.map(|warm| warm.word().to_owned())),
            ],
        )
    }

    /// What `health(…)` says of its limits.
    pub(super) fn health_attribute(&self) -> Attribute {
        self.attribute(
            "health",
            [
                ("timeout", self.health_timeout.map(duration_text)),
                ("interval", self.health_interval.map(duration_text)),
            ],
        )
    }

    /// What `settings(…)` says.
    pub(crate) fn settings_attribute(&self) -> Attribute {
        let values = self.defaults.iter().map(|&(key, value)| (key, Some(value.to_owned())));
        self.attribute("settings", values)
    }

    fn attribute(
        &self,
        name: &str,
        values: impl IntoIterator<Item = (&'static str, Option<String>)>,
    ) -> Attribute {
        let place = format!("{}: `{name}", self.subject());
        Attribute {
            place,
            values: values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
        }
    }

    /// The resource and where it is written, for a fault.
    pub(crate) fn subject(&self) -> String {
        let place = self.location.map(|(file, line)| format!("{file}:{line}: ")).unwrap_or_default();
        format!("{place}resource `{}`", self.name)
    }

    /// Named after a type: the last word of its path, as it is written there.
    pub(crate) fn of<R>() -> Self {
        let path = std::any::type_name::<R>();
        let path = path.split('<').next().unwrap_or(path);
        Self::named(path.rsplit("::").next().unwrap_or(path))
    }

    /// The start of the resource's environment variables: `orders-db` → `ORDERS_DB`.
    pub(crate) fn prefix(&self) -> String {
        let mut prefix = String::new();
        let mut previous_lower = false;
        for c in self.name.chars() {
            if c.is_uppercase() && previous_lower {
                prefix.push('_');
            }
            previous_lower = c.is_lowercase() || c.is_ascii_digit();
            prefix.push(if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
        }
        prefix
    }
}

macro_rules! limits {
    ($($(#[$doc:meta])* $method:ident = $field:ident($value:ident: $type:ty) $expression:expr;)*) => {
        impl ResourceSpec {$(
            $(#[$doc])*
            #[must_use]
            pub fn $method(mut self, $value: $type) -> Self {
                self.$field = $expression;
                self
            }
        )*}
    };
}

limits! {
    /// The most connections that exist at a time.
    max_size = max_size(count: usize) Some(count);
    /// Idle connections to keep.
    min_idle = min_idle(count: usize) Some(count);
    /// The bound of a whole `get`, in milliseconds.
    wait_ms = wait(ms: u64) Some(Duration::from_millis(ms));
    /// The bound of one connect, in milliseconds.
    connect_timeout_ms = connect_timeout(ms: u64) Some(Duration::from_millis(ms));
    /// The bound of one validation, in milliseconds.
    validate_timeout_ms = validate_timeout(ms: u64) Some(Duration::from_millis(ms));
    /// Idle time after which a checkout makes a round trip, in milliseconds.
    validate_after_ms = validate_after(ms: u64) Some(Duration::from_millis(ms));
    /// Idle time after which a connection is closed, in milliseconds.
    idle_timeout_ms = idle_timeout(ms: u64) Some(Duration::from_millis(ms));
    /// Age at which a connection is closed, in milliseconds.
    max_lifetime_ms = max_lifetime(ms: u64) Some(Duration::from_millis(ms));
    /// The bound of one cleanup, in milliseconds.
    cleanup_timeout_ms = cleanup_timeout(ms: u64) Some(Duration::from_millis(ms));
    /// Time in which nothing came back, while callers wait, after which the pool is unhealthy, in milliseconds.
    stuck_after_ms = stuck_after(ms: u64) Some(Duration::from_millis(ms));
    /// Time held after which a leak is suspected, in milliseconds.
    leak_after_ms = leak_after(ms: u64) Some(Duration::from_millis(ms));
    /// When connections are opened.
    warm = warm(warm: Warm) Some(warm);
    /// The bound of the health check, in milliseconds.
    health_timeout_ms = health_timeout(ms: u64) Some(Duration::from_millis(ms));
    /// How often a container looks at it, in milliseconds.
    health_interval_ms = health_interval(ms: u64) Some(Duration::from_millis(ms));
    /// Bad results in a row, 1 to 100, before the report says so.
    health_fail_after = fail_after(results: u32) results.max(1);
    /// Good results in a row, 1 to 100, before the report says so again.
    health_recover_after = recover_after(results: u32) results.max(1);
    /// Whether it is a component of the health report.
    health_enabled = health_enabled(enabled: bool) enabled;
    /// Whether the service is unhealthy when this is; else it is degraded.
    health_critical = critical(critical: bool) critical;
}

impl ResourceSpec {
    /// Makes the resource's health part of readiness. Meant for what is local to one instance: a shared database
    /// that stumbles must not take the whole fleet out of the load balancer.
    #[must_use]
    pub fn health_ready(mut self) -> Self {
        self.ready = true;
        self
    }

    /// A default for one of the resource's own settings.
    #[must_use]
    pub fn setting(mut self, key: &'static str, value: &'static str) -> Self {
        self.defaults.push((key, value));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_begin_with_the_name_in_capitals() {
        for (name, prefix) in
            [("orders-db", "ORDERS_DB"), ("OrdersDb", "ORDERS_DB"), ("s3", "S3"), ("Db2x", "DB2X")]
        {
            assert_eq!(ResourceSpec::named(name).prefix(), prefix);
        }
        assert_eq!(short_name("lift::pool::Shared<(alloc::string::String, u8)>"), "Shared<(String, u8)>");
        assert_eq!(short_name("my_shop::db_2::Pooled_1<my_shop::OrdersDb>"), "Pooled_1<OrdersDb>");
        struct Local<T>(T);
        assert_eq!(ResourceSpec::of::<Local<Vec<u8>>>().name, "Local");
        let _ = Local(0).0;
    }

    #[test]
    fn warming_is_one_of_three_words() {
        let words = [("eager", Warm::Eager), ("lazy", Warm::Lazy), ("required", Warm::Required)];
        for (word, warm) in words {
            assert_eq!(Warm::parse(word), Some(warm));
        }
        assert_eq!(Warm::parse("Eager"), None);
        assert_eq!(Warm::default(), Warm::Eager);
    }

    #[test]
    fn what_an_attribute_says_is_kept() {
        let spec = ResourceSpec::new("db", "orders", "src/db.rs", 7);
        assert_eq!((spec.name, spec.location), ("db", Some(("src/db.rs", 7))));
        assert_eq!((spec.critical, spec.ready), (true, false));
        let spec = spec.max_size(8).min_idle(2).wait_ms(3).connect_timeout_ms(4).validate_timeout_ms(5);
        let spec = spec.validate_after_ms(6).idle_timeout_ms(7).max_lifetime_ms(8).leak_after_ms(9);
        let spec = spec.warm(Warm::Lazy).health_timeout_ms(10).health_critical(false).health_ready();
        let spec = spec.setting("url", "orders.db").setting("retries", "3");
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!((spec.max_size, spec.min_idle, spec.warm), (Some(8), Some(2), Some(Warm::Lazy)));
        assert_eq!((spec.wait, spec.connect_timeout, spec.validate_timeout), (ms(3), ms(4), ms(5)));
        assert_eq!((spec.validate_after, spec.idle_timeout, spec.max_lifetime), (ms(6), ms(7), ms(8)));
        assert_eq!((spec.leak_after, spec.health_timeout), (ms(9), ms(10)));
        assert_eq!((spec.critical, spec.ready), (false, true));
        assert_eq!(spec.defaults, [("url", "orders.db"), ("retries", "3")]);
    }

    #[test]
    fn a_variable_has_only_capitals_digits_and_lines() {
        for (name, prefix) in
            [("a.b/c", "A_B_C"), ("HTTPServer", "HTTPSERVER"), ("dbA", "DB_A"), ("db2A", "DB2_A"), ("", "")]
        {
            assert_eq!(ResourceSpec::named(name).prefix(), prefix, "{name}");
        }
    }
}
