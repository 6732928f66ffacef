use std::collections::BTreeMap;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use super::monitor::{Finding, overall};
use super::{CheckKind, Lifecycle, Monitor, Status};
use crate::resource::{Managed, Warm};

/// The probe paths below the base path.
pub(crate) const PROBES: [&str; 4] = ["", "/ready", "/live", "/startup"];

/// The endpoints that Kubernetes, load balancers and people ask.
pub(crate) struct Probes {
    pub(crate) base_path: String,
    /// Whether reports show messages.
    pub(crate) details: bool,
    pub(crate) monitor: Monitor,
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// Resources that must have been opened once before the service is ready.
    pub(crate) required: Vec<Arc<dyn Managed>>,
}

#[derive(Serialize)]
struct Report<'a> {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    components: BTreeMap<String, Entry>,
}

#[derive(Serialize)]
struct Entry {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Probes {
    /// The resources among the managed ones that readiness waits for.
    pub(crate) fn required(managed: &[Arc<dyn Managed>]) -> Vec<Arc<dyn Managed>> {
        managed.iter().filter(|resource| resource.warm() == Warm::Required).cloned().collect()
    }

    /// Whether a path belongs to the probes.
    pub(crate) fn serves(&self, path: &str) -> bool {
        path.strip_prefix(self.base_path.as_str()).is_some_and(|rest| PROBES.contains(&rest))
    }

    /// Answers a probe, or `None` when the path is not one.
    pub(crate) async fn answer(&self, method: &Method, path: &str) -> Option<Response> {
        let rest = path.strip_prefix(self.base_path.as_str()).filter(|rest| PROBES.contains(rest))?;
        if method != Method::GET && method != Method::HEAD {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(response);
        }
        let kind = match rest {
            "/ready" => Some(CheckKind::Readiness),
            "/live" => Some(CheckKind::Liveness),
            "/startup" => Some(CheckKind::Startup),
            _ => None,
        };
        let findings = match kind {
            None => self.monitor.findings(|component| component.kind != Some(CheckKind::Liveness)).await,
            kind => self.monitor.findings(|component| component.kind == kind).await,
        };
        let held_up = match kind {
            Some(CheckKind::Readiness) => self.not_ready(),
            Some(CheckKind::Startup) if !self.lifecycle.has_started() => Some("starting"),
            _ => None,
        };
        let status = if held_up.is_some() { Status::Unhealthy } else { overall(&findings) };
        Some(self.respond(status, held_up, &findings))
    }

    fn not_ready(&self) -> Option<&'static str> {
        let missing = || self.required.iter().any(|resource| !resource.initialized());
        self.lifecycle
            .not_ready()
            .or_else(|| missing().then_some("a required resource has not been opened yet"))
    }

    fn entry(&self, finding: &Finding<'_>) -> Entry {
        Entry {
            status: finding.health.status,
            message: finding.health.message.clone().filter(|_| self.details),
        }
    }

    fn respond(&self, status: Status, message: Option<&str>, findings: &[Finding<'_>]) -> Response {
        let entry = |finding: &Finding<'_>| (finding.component.name.clone(), self.entry(finding));
        let components = findings.iter().map(entry).collect();
        // Names and texts only: this cannot fail.
        let body = serde_json::to_vec(&Report { status, message, components }).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            if status.is_up() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
