//! How the service and what it depends on are doing, and the probes that ask.

mod check;
pub mod checks;
mod config;
mod group;
mod handle;
mod health_check;
mod heartbeat;
mod lifecycle;
mod monitor;
mod probe;
mod report;
mod resource;
mod settings;
mod status;
mod system;
#[cfg(test)]
mod tests;

pub use check::{Check, CheckEntry, CheckMeta, Checks, Verdict, assert_unique_checks};
pub use check::{check0, check1, check2, check3, check4, check5, check6};
pub(crate) use config::HealthSettings;
pub(crate) use group::{Group, TAKEN};
pub use handle::{ComponentHealth, HealthHandle, RegisterError};
pub use health_check::HealthCheck;
pub(crate) use health_check::is_name;
pub(crate) use lifecycle::Lifecycle;
pub(crate) use monitor::{Component, Monitor};
pub(crate) use probe::{COMPONENT, PROBES, Probes};
pub(crate) use report::{Form, Sight};
pub use settings::{CheckKind, CheckSettings};
pub use status::{Health, Status};
pub(crate) use system::{Root, components as system_components};
