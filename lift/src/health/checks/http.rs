use std::sync::OnceLock;

use futures_util::future::BoxFuture;
use http::StatusCode;
use serde::Deserialize;

use super::settings;
use crate::error::Cause;
use crate::health::{CheckSettings, Health, HealthCheck, Status};

/// The most of a body that is looked at, in bytes.
const BODY: usize = 64 * 1024;

/// Healthy while a URL answers as expected.
#[derive(Clone, Debug)]
pub struct HttpCheck {
    name: String,
    url: String,
    status: Option<StatusCode>,
    contains: Option<String>,
    /// It is the readiness of a service built with lift, whose report says more than its status.
    lift: bool,
    settings: CheckSettings,
    client: OnceLock<reqwest::Client>,
}

impl HttpCheck {
    /// A check of a `GET` of this URL, which expects a status of 200 to 299. Redirections are not followed.
    #[must_use]
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            status: None,
            contains: None,
            lift: false,
            settings: CheckSettings::new(),
            client: OnceLock::new(),
        }
    }

    /// A check of another service that is built with lift, at its base URL such as `http://warehouse:3000`: it asks
    /// `/health/ready` there, and is degraded when that one is.
    #[must_use]
    pub fn service(name: impl Into<String>, base: impl AsRef<str>) -> Self {
        let url = format!("{}/health/ready", base.as_ref().trim_end_matches('/'));
        Self { lift: true, ..Self::new(name, url) }
    }

    /// Expects exactly this status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Expects this text in the first 64 KB of the body.
    #[must_use]
    pub fn contains(mut self, text: impl Into<String>) -> Self {
        self.contains = Some(text.into());
        self
    }

    settings!();

    /// One client for all looks, so that its connection stays open.
    fn client(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        crate::backend::tls::provide_cryptography();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(self.client.get_or_init(|| client))
    }

    async fn look(&self) -> Result<Health, reqwest::Error> {
        let mut response = self.client()?.get(&self.url).send().await?;
        let status = response.status();
        let mut body = Vec::new();
        while body.len() < BODY
            && let Some(chunk) = response.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        if self.lift
            && let Ok(report) = serde_json::from_slice::<Report>(&body)
        {
            let health = Health::new(report.status);
            return Ok(match report.message {
                Some(message) => health.message(message),
                None => health,
            });
        }
        let expected = self.status.map_or(status.is_success(), |expected| status == expected);
        if !expected {
            return Ok(Health::unhealthy(format!("answered {status}")));
        }
        Ok(match &self.contains {
            Some(text) if !String::from_utf8_lossy(&body).contains(text.as_str()) => {
                Health::unhealthy(format!("answered {status} without the text that is expected"))
            }
            _ => Health::healthy(),
        })
    }
}

/// What another service's probe says.
#[derive(Deserialize)]
struct Report {
    status: Status,
    message: Option<String>,
}

impl HealthCheck for HttpCheck {
    fn name(&self) -> &str {
        &self.name
    }

    fn settings(&self) -> CheckSettings {
        self.settings
    }

    fn check(&self) -> BoxFuture<'_, Health> {
        Box::pin(async { self.look().await.unwrap_or_else(|error| Health::failed(&Cause::new(error))) })
    }
}
