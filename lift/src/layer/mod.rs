//! What stands around every invocation.

mod body;
mod guard;

pub(crate) use body::{GuardedBody, WatchedBody};
pub(crate) use guard::{Stopped, caught_text, discard, guard, panic_text};
