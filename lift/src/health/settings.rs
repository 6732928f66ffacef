use std::time::Duration;

/// Where a check belongs, besides `/health`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckKind {
    /// `/health/ready`: meant for what is local to one instance.
    Readiness,
    /// `/health/live`: a failure makes the orchestrator restart the process.
    Liveness,
    /// `/health/startup`.
    Startup,
    /// A group of the app's own, served as `/health/{group}`; see [`App::health_group`](crate::App::health_group).
    Group(&'static str),
}

/// How a check is run and what it counts for.
///
/// ```
/// use lift::health::{CheckKind, CheckSettings};
/// use std::time::Duration;
///
/// const SETTINGS: CheckSettings = CheckSettings::new()
///     .kind(CheckKind::Readiness)
///     .timeout(Duration::from_millis(250))
///     .fail_after(3);
/// assert!(SETTINGS.critical);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckSettings {
    /// Which probe or group it belongs to, besides `/health`. Default none.
    pub kind: Option<CheckKind>,
    /// How long it may take, more than zero; past this it is unhealthy. Default 500 ms.
    pub timeout: Duration,
    /// Whether the service is unhealthy when this is; else it is degraded. Default yes.
    pub critical: bool,
    /// How long a result is served again where nothing runs in the background, as on Lambda; zero for not at all. Default 1 s.
    pub cache: Duration,
    /// How often it runs in a container, more than zero. Default: the setting `health.interval`.
    pub interval: Option<Duration>,
    /// Bad results in a row before the report says so; zero counts as 1. Default 1.
    pub fail_after: u32,
    /// Good results in a row before the report says so again; zero counts as 1. Default 1.
    pub recover_after: u32,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl CheckSettings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            kind: None,
            timeout: Duration::from_millis(500),
            critical: true,
            cache: Duration::from_secs(1),
            interval: None,
            fail_after: 1,
            recover_after: 1,
        }
    }

    /// The key whose zero says nothing: no check ends in no time, and none runs all the time.
    pub(super) fn zero(&self) -> Option<&'static str> {
        match self {
            _ if self.timeout.is_zero() => Some("timeout"),
            _ if self.interval.is_some_and(|interval| interval.is_zero()) => Some("interval"),
            _ => None,
        }
    }

    /// Makes it part of a probe or group.
    #[must_use]
    pub const fn kind(mut self, kind: CheckKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Sets how long it may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets whether it decides.
    #[must_use]
    pub const fn critical(mut self, critical: bool) -> Self {
        self.critical = critical;
        self
    }

    /// Sets how long a result is served again where nothing runs in the background.
    #[must_use]
    pub const fn cache(mut self, cache: Duration) -> Self {
        self.cache = cache;
        self
    }

    /// Sets how often it runs in a container.
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Sets how many bad results in a row count.
    #[must_use]
    pub const fn fail_after(mut self, results: u32) -> Self {
        self.fail_after = results;
        self
    }

    /// Sets how many good results in a row count.
    #[must_use]
    pub const fn recover_after(mut self, results: u32) -> Self {
        self.recover_after = results;
        self
    }
}
