use futures_util::future::BoxFuture;

use super::{CheckSettings, Health};

/// A check that is written by hand: one with fields of its own, or one that is registered while the service runs.
///
/// A function with `#[lift::health_check]` needs less. [`App::health_check`](crate::App::health_check) takes one at
/// start, [`HealthHandle::register`](super::HealthHandle::register) at any time.
///
/// ```
/// use std::path::PathBuf;
///
/// use futures_util::future::BoxFuture;
/// use lift::Health;
/// use lift::health::{CheckSettings, HealthCheck};
///
/// /// A file that another program renews.
/// struct Renewed(PathBuf);
///
/// impl HealthCheck for Renewed {
///     fn name(&self) -> &str {
///         "certificate"
///     }
///
///     fn settings(&self) -> CheckSettings {
///         CheckSettings::new().critical(false)
///     }
///
///     fn check(&self) -> BoxFuture<'_, Health> {
///         Box::pin(async {
///             match tokio::fs::metadata(&self.0).await {
///                 Ok(_) => Health::healthy(),
///                 Err(error) => Health::unhealthy(error.to_string()),
///             }
///         })
///     }
/// }
///
/// let app = lift::App::new("orders").health_check(Renewed("/run/certificate.pem".into()));
/// ```
pub trait HealthCheck: Send + Sync + 'static {
    /// The component's name in reports and in `/health/components/{name}`: letters, digits, `-`, `_` and `.`.
    fn name(&self) -> &str;

    /// Looks once. It runs at most once at a time, and past its time-out it counts as unhealthy.
    fn check(&self) -> BoxFuture<'_, Health>;

    /// How it is run and what it counts for.
    fn settings(&self) -> CheckSettings {
        CheckSettings::new()
    }
}

/// Whether a name can stand in a path and in a report.
pub(crate) fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 64 && name.bytes().all(good)
}
