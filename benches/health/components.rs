//! The components of the services under measurement.

use std::time::Duration;

use futures_util::future::BoxFuture;
use lift::health::{CheckSettings, HealthCheck};
use lift::{App, Health};

/// What a check does.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    /// Finds nothing wrong, at once.
    Trivial,
    /// Never returns.
    Hangs,
    /// Keeps its thread and never returns.
    Blocks,
}

struct Component {
    name: String,
    check: Check,
    settings: CheckSettings,
}

impl HealthCheck for Component {
    fn name(&self) -> &str {
        &self.name
    }

    fn settings(&self) -> CheckSettings {
        self.settings
    }

    fn check(&self) -> BoxFuture<'_, Health> {
        Box::pin(async {
            match self.check {
                Check::Trivial => Health::healthy(),
                Check::Hangs => std::future::pending().await,
                Check::Blocks => loop {
                    std::thread::park();
                },
            }
        })
    }
}

/// A service with these components. Where nothing runs in the background, a result is served again for `cache`.
pub(crate) fn app(checks: impl IntoIterator<Item = Check>, cache: Duration) -> App {
    let settings = CheckSettings::new().cache(cache);
    checks.into_iter().enumerate().fold(App::new("health-bench"), |app, (number, check)| {
        app.health_check(Component { name: format!("component-{number}"), check, settings })
    })
}
