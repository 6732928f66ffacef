//! The pretended backend behind every pool: connecting takes as long as it is told to, and connections can go silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lift::BoxError;
use lift::config::{Invalid, Section, Settings};

/// The bound of one round trip, in every pool.
pub(crate) const VALIDATE_TIMEOUT: Duration = Duration::from_millis(100);

/// Where connections come from. Clones are the same backend.
#[derive(Clone, Default)]
pub(crate) struct Backend {
    connect: Duration,
    opened: Arc<AtomicU64>,
    /// Connections with a smaller number never answer.
    alive_from: Arc<AtomicU64>,
}

/// One connection, with its number.
pub(crate) struct Connection {
    number: u64,
    alive_from: Arc<AtomicU64>,
}

impl Backend {
    /// Connecting takes this long; a round trip takes no time.
    pub(crate) fn new(connect: Duration) -> Self {
        Self { connect, ..Self::default() }
    }

    pub(crate) async fn open(&self) -> Connection {
        if !self.connect.is_zero() {
            tokio::time::sleep(self.connect).await;
        }
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        Connection { number, alive_from: self.alive_from.clone() }
    }

    /// Every connection that was opened so far goes silent, which no local check can see.
    pub(crate) fn silence(&self) {
        self.alive_from.store(self.opened.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Connection {
    /// A local check, as of a socket's state.
    pub(crate) fn looks_open(&self) -> bool {
        self.number != u64::MAX
    }

    /// One round trip, which never ends when the connection is silent.
    pub(crate) async fn ping(&self) {
        if self.number < self.alive_from.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// One round trip, bounded by the manager because its pool does not bound it.
    pub(crate) async fn ping_bounded(&self) -> Result<(), BoxError> {
        if self.number < self.alive_from.load(Ordering::Relaxed) {
            tokio::time::timeout(VALIDATE_TIMEOUT, self.ping()).await?;
        }
        Ok(())
    }
}

/// The pool's settings are made by the benchmark and read from nowhere.
impl Settings for Backend {
    fn read(_: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self::default())
    }
}
