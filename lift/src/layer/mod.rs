//! What stands around every invocation.

mod guard;

pub(crate) use guard::{Stopped, guard, panic_text};
