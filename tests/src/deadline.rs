//! Waiting for a condition, never for a while.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for anything that should happen soon. Long, because it only passes when the test fails.
pub const SOON: Duration = Duration::from_secs(30);

const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Looks until there is something to see, and returns it.
///
/// # Panics
///
/// When there is nothing after [`SOON`]; `what` names it in the message.
pub fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    match look_until(SOON, &mut look) {
        Some(seen) => seen,
        None => panic!("{what}: not within {SOON:?}"),
    }
}

/// Looks until there is something to see or `timeout` is over.
pub fn look_until<T>(timeout: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}
