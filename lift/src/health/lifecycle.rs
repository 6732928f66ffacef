use std::sync::atomic::{AtomicU8, Ordering};

const STARTING: u8 = 0;
const STARTED: u8 = 1;
const DRAINING: u8 = 2;

/// Where the service is between its start and its end; it only moves forward.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle(AtomicU8);

impl Lifecycle {
    pub(crate) fn started(&self) {
        self.0.fetch_max(STARTED, Ordering::AcqRel);
    }

    pub(crate) fn draining(&self) {
        self.0.fetch_max(DRAINING, Ordering::AcqRel);
    }

    pub(crate) fn has_started(&self) -> bool {
        self.0.load(Ordering::Acquire) >= STARTED
    }

    /// Why the service is not ready, if it is not.
    pub(crate) fn not_ready(&self) -> Option<&'static str> {
        match self.0.load(Ordering::Acquire) {
            STARTING => Some("starting"),
            STARTED => None,
            _ => Some("shutting down"),
        }
    }
}
