//! Polls that fail, again and again.

use std::time::Duration;

/// How often polling is tried again in a row, and how long the first wait is; each is twice as long as the last.
const POLLS: u32 = 8;
const BACK_OFF: Duration = Duration::from_millis(50);

/// The polls that have failed in a row.
#[derive(Default)]
pub(super) struct FailedPolls(u32);

impl FailedPolls {
    /// One has not.
    pub(super) fn over(&mut self) {
        self.0 = 0;
    }

    /// One more has: waits until the next one may be tried; false when there have been enough.
    pub(super) async fn wait(&mut self, error: &str) -> bool {
        if self.0 == POLLS {
            return false;
        }
        let wait = BACK_OFF * 2_u32.pow(self.0);
        self.0 += 1;
        tracing::warn!(error, attempt = self.0, ?wait, "polling for events failed; trying again");
        tokio::time::sleep(wait).await;
        true
    }
}
