use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use super::report::Note;

const STARTING: u8 = 0;
const STARTED: u8 = 1;
const DRAINING: u8 = 2;

/// Where the service is between its start and its end; it only moves forward.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    stage: AtomicU8,
    /// Whether it has ever been started.
    started: AtomicBool,
    /// Why the service says itself that it is not ready.
    held: Mutex<Option<String>>,
}

impl Lifecycle {
    pub(crate) fn started(&self) {
        self.started.store(true, Ordering::Release);
        self.stage.fetch_max(STARTED, Ordering::AcqRel);
    }

    pub(crate) fn draining(&self) {
        self.stage.fetch_max(DRAINING, Ordering::AcqRel);
    }

    /// Makes the service not ready, or ready again.
    pub(crate) fn hold(&self, reason: Option<String>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Whether it was started, also while it is on its way to its end.
    pub(crate) fn was_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    pub(crate) fn has_started(&self) -> bool {
        self.stage.load(Ordering::Acquire) >= STARTED
    }

    /// Why the service is not ready, if it is not.
    pub(crate) fn not_ready(&self) -> Option<Note> {
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.stage.load(Ordering::Acquire) {
            STARTING => Some(Note { text: "starting", detail: None }),
            STARTED => held().map(|reason| Note { text: "marked not ready", detail: Some(reason) }),
            _ => Some(Note { text: "shutting down", detail: None }),
        }
    }
}
