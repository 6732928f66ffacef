use std::time::Duration;

use super::RuntimeApi;

/// How the function is configured, as its owner would on AWS.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(super) name: String,
    pub(super) memory: u32,
    pub(super) timeout: Duration,
    pub(super) concurrency: usize,
    pub(super) managed: bool,
    pub(super) snap_start: bool,
    pub(super) freeze: Option<Duration>,
    pub(super) extensions: Vec<String>,
    pub(super) shutdown: Duration,
    pub(super) kill_at_deadline: Option<bool>,
    pub(super) jitter: Duration,
    pub(super) seed: Option<u64>,
    pub(super) failing_polls: u64,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            name: "function".into(),
            memory: 128,
            timeout: Duration::from_secs(3),
            concurrency: 1,
            managed: false,
            snap_start: false,
            freeze: None,
            extensions: Vec::new(),
            shutdown: Duration::from_millis(300),
            kill_at_deadline: None,
            jitter: Duration::ZERO,
            seed: None,
            failing_polls: 0,
        }
    }
}

impl Builder {
    /// The function's name; `function` unless set.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Its memory in MB; 128 unless set.
    #[must_use]
    pub fn memory(mut self, megabytes: u32) -> Self {
        self.memory = megabytes;
        self
    }

    /// The time between delivery and deadline; 3 s unless set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many invocations are in flight at most. Above 1, unless set, it is a managed instance: it is never frozen, and a
    /// deadline does not end the process.
    #[must_use]
    pub fn concurrency(mut self, invocations: usize) -> Self {
        self.concurrency = invocations.max(1);
        self
    }

    /// A managed instance, also with one invocation at a time.
    #[must_use]
    pub fn managed(mut self) -> Self {
        self.managed = true;
        self
    }

    pub(super) fn is_managed(&self) -> bool {
        self.managed || self.concurrency > 1
    }

    /// With a snapshot after the start: see [`RuntimeApi::started`] and [`RuntimeApi::restore`].
    #[must_use]
    pub fn snap_start(mut self) -> Self {
        self.snap_start = true;
        self
    }

    /// Stops the process whenever it has answered an event and asks for more, for at least this long.
    #[must_use]
    pub fn freeze_between(mut self, time: Duration) -> Self {
        self.freeze = Some(time);
        self
    }

    /// As if an external extension of this name were installed and registered, so that the process gets SIGTERM before
    /// SIGKILL. A program that registers under this name may ask for `SHUTDOWN`.
    #[must_use]
    pub fn extension(mut self, name: impl Into<String>) -> Self {
        self.extensions.push(name.into());
        self
    }

    /// The time between SIGTERM and SIGKILL; 300 ms unless set.
    #[must_use]
    pub fn shutdown_limit(mut self, limit: Duration) -> Self {
        self.shutdown = limit;
        self
    }

    /// Whether a passed deadline ends the process, which it does on classic Lambda and not on managed instances.
    #[must_use]
    pub fn kill_at_deadline(mut self, kill: bool) -> Self {
        self.kill_at_deadline = Some(kill);
        self
    }

    /// Events and acknowledgements are held back for up to this long, as the seed says. Zero unless set.
    #[must_use]
    pub fn jitter(mut self, limit: Duration) -> Self {
        self.jitter = limit;
        self
    }

    /// The seed of all choices; new in every run unless set here or by `RUNTIME_API_SEED`, which goes first.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// So many polls after the first event are answered with status 500, as when the Runtime API is in trouble.
    #[must_use]
    pub fn failing_polls(mut self, polls: u64) -> Self {
        self.failing_polls = polls;
        self
    }

    /// Listens on a free loopback port.
    ///
    /// # Panics
    ///
    /// When it cannot.
    pub fn start(self) -> RuntimeApi {
        RuntimeApi::start(self)
    }
}
