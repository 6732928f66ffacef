//! How the service and what it depends on are doing, and the probes that ask.

mod check;
mod lifecycle;
mod mask;
mod monitor;
mod probe;
mod report;
mod status;

pub(crate) use check::CheckEntry;
pub use check::{Check, CheckKind, CheckMeta, Checks, Verdict};
pub use check::{check0, check1, check2, check3, check4, check5, check6};
pub(crate) use lifecycle::Lifecycle;
pub(crate) use monitor::{Component, Monitor};
pub(crate) use probe::{PROBES, Probes};
pub(crate) use report::Form;
pub use status::{Health, Status};
