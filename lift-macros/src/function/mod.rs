//! What a handler and a health check have in common: an async function that lift calls, and the companion type that
//! carries its constants.

mod arguments;
mod expand;
mod item;
mod model;
mod validate;

pub(crate) use expand::{CallType, at_name, beside, companion, declare, hidden, judge, late, local, stub};
pub(crate) use item::{Item, RawFunction};
pub(crate) use model::{Argument, Function, Output, unraw};
pub(crate) use validate::{Role, not_a_function, validate};
