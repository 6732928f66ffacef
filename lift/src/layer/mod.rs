//! What stands around every invocation.

mod body;
mod caught;
mod guard;

pub(crate) use body::{GuardedBody, WatchedBody};
pub(crate) use caught::Caught;
pub(crate) use guard::{Stopped, discard, fence, guard};
