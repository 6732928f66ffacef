//! A checked handler.

use syn::Type;

use super::route::Route;
use crate::function::Function;

pub(crate) struct Handler {
    pub(crate) function: Function,
    pub(crate) takes: Vec<Takes>,
    pub(crate) trigger: Trigger,
    pub(crate) timeout: Option<u64>,
    pub(crate) cancel_on_disconnect: bool,
}

pub(crate) enum Trigger {
    Http { method: &'static str, route: Route },
    Invoke { name: String },
}

/// Where an argument comes from.
pub(crate) enum Takes {
    /// From the parameter of the route with this index.
    Parameter(usize, Type),
    /// From the request, by its type.
    Request(Type),
}
