//! A checked health check.

use crate::function::Function;

pub(crate) struct Check {
    pub(crate) function: Function,
    pub(crate) name: String,
    /// `None`: in `/health` only.
    pub(crate) kind: Option<Kind>,
    pub(crate) timeout: Option<u64>,
    pub(crate) critical: Option<bool>,
    pub(crate) cache: Option<u64>,
    pub(crate) interval: Option<u64>,
    pub(crate) fail_after: Option<u64>,
    pub(crate) recover_after: Option<u64>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Readiness,
    Liveness,
    Startup,
    /// A group of the app's own.
    Group(String),
}
