use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::health_check::is_name;
use super::monitor::{Finding, overall};
use super::{CheckKind, Component, Group, Health, HealthCheck, Lifecycle, Monitor, Status};
use crate::error::masked_beginning;

/// The most of a reason that is kept, in bytes.
const REASON: usize = 1024;

/// The running service's health, for the service itself. Every function that takes `Shared<T>` can take it:
///
/// ```
/// use lift::health::HealthHandle;
/// use lift::prelude::*;
///
/// #[lift::handler(POST, "/admin/pause")]
/// async fn pause(health: Shared<HealthHandle>) {
///     health.mark_not_ready("paused by an operator");
/// }
/// ```
#[derive(Clone)]
pub struct HealthHandle {
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) groups: Arc<[Group]>,
}

impl fmt::Debug for HealthHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthHandle").finish_non_exhaustive()
    }
}

/// Why a check was not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// There is a component of this name.
    #[error("two components of the health report are named `{0}`; give one of them another name")]
    Taken(String),
    /// The name cannot stand in a path.
    #[error("`{0}` cannot name a component; use 1 to 64 letters, digits, `-`, `_` or `.`")]
    BadName(String),
    /// The group that its settings name was not declared.
    #[error("nobody declares the health group `{0}`: add `.health_group(\"{0}\", […])` to the app")]
    UnknownGroup(&'static str),
    /// Its settings hold a zero that says nothing.
    #[error("the `{key}` of the health check `{name}` is zero")]
    Zero {
        /// The check.
        name: String,
        /// The setting.
        key: &'static str,
    },
}

impl HealthHandle {
    /// Makes `/health/ready` fail from now on, for instance while this instance reloads what it needs. The reason is
    /// logged, and shown to those who may see details.
    pub fn mark_not_ready(&self, reason: impl Into<String>) {
        let reason = masked_beginning(&reason.into(), REASON);
        tracing::warn!(reason, "marked not ready");
        self.lifecycle.hold(Some(reason));
    }

    /// Takes [`mark_not_ready`](Self::mark_not_ready) back. A service that shuts down stays not ready.
    pub fn mark_ready(&self) {
        tracing::info!("marked ready");
        self.lifecycle.hold(None);
    }

    /// Adds a check to the report of the running service.
    ///
    /// # Errors
    /// [`RegisterError`] when its name is taken or no name, its group is unknown, or its time-out or interval is zero.
    pub fn register(&self, check: impl HealthCheck) -> Result<(), RegisterError> {
        self.add(Component::by_hand(check)?)
    }

    /// The one way into the report, at start and later.
    pub(crate) fn add(&self, component: Component) -> Result<(), RegisterError> {
        if let Some(key) = component.settings.zero() {
            return Err(RegisterError::Zero { name: component.name, key });
        }
        if let Some(CheckKind::Group(name)) = component.settings.kind
            && !self.groups.iter().any(|group| group.name == name)
        {
            return Err(RegisterError::UnknownGroup(name));
        }
        self.monitor.add(component).map_err(RegisterError::Taken)
    }

    /// Takes a component out of the report; `false` when there is none of this name.
    pub fn unregister(&self, name: &str) -> bool {
        self.monitor.remove(name)
    }

    /// The status that `/health` would answer.
    pub async fn status(&self) -> Status {
        overall(&self.monitor.findings(Component::is_reported).await)
    }

    /// What is known of every component, as `/health/components` with all details: for metrics of one's own.
    pub async fn components(&self) -> Vec<ComponentHealth> {
        let findings = self.monitor.findings(|_| true).await;
        let component = |finding: &Finding| ComponentHealth {
            name: finding.watched.component.name.clone(),
            health: finding.checked.health.clone(),
            critical: finding.watched.component.settings.critical,
            checked_at: finding.checked.at.wall(),
            took: finding.checked.took,
        };
        findings.iter().map(component).collect()
    }
}

/// What is known of one component.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ComponentHealth {
    /// Its name.
    pub name: String,
    /// What the last check found, without the secrets in it.
    pub health: Health,
    /// Whether the service is unhealthy when this is.
    pub critical: bool,
    /// When the last check ended.
    pub checked_at: SystemTime,
    /// How long it took.
    pub took: Duration,
}

impl Component {
    /// The component of a check that is written by hand.
    pub(crate) fn by_hand(check: impl HealthCheck) -> Result<Self, RegisterError> {
        let name = check.name().to_owned();
        if !is_name(&name) {
            return Err(RegisterError::BadName(name));
        }
        let (settings, check) = (check.settings(), Arc::new(check));
        let run = move || {
            let check = check.clone();
            Box::pin(async move { check.check().await }) as _
        };
        Ok(Self { name, settings, run: Box::new(run) })
    }

    /// Whether `/health` shows it: everything but what only says whether the process lives.
    pub(crate) fn is_reported(&self) -> bool {
        self.settings.kind != Some(CheckKind::Liveness)
    }
}
