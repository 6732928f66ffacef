use futures_util::future::BoxFuture;
use tokio::net::TcpStream;

use super::settings;
use crate::health::{CheckSettings, Health, HealthCheck};

/// Healthy while a TCP connection to an address can be opened; it is closed at once.
#[derive(Clone, Debug)]
pub struct TcpCheck {
    name: String,
    address: String,
    settings: CheckSettings,
}

impl TcpCheck {
    /// A check of `address`, a host and a port such as `mail.internal:25`.
    #[must_use]
    pub fn new(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self { name: name.into(), address: address.into(), settings: CheckSettings::new() }
    }

    settings!();
}

impl HealthCheck for TcpCheck {
    fn name(&self) -> &str {
        &self.name
    }

    fn settings(&self) -> CheckSettings {
        self.settings
    }

    fn check(&self) -> BoxFuture<'_, Health> {
        Box::pin(async {
            match TcpStream::connect(&self.address).await {
                Ok(_) => Health::healthy(),
                Err(error) => Health::unhealthy(format!("cannot connect to {}: {error}", self.address)),
            }
        })
    }
}
