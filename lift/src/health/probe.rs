use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::monitor::overall;
use super::report::{Entry, Form, Report};
use super::{CheckKind, Lifecycle, Monitor, Status};
use crate::error::Failure;
use crate::resource::{Managed, Warm};

/// The probe paths below the base path; below the last one each component has its own.
pub(crate) const PROBES: [&str; 5] = ["", "/ready", "/live", "/startup", "/components"];

/// The endpoints that Kubernetes, load balancers and people ask.
pub(crate) struct Probes {
    pub(crate) base_path: String,
    /// Whether reports show messages.
    pub(crate) details: bool,
    /// Whether reports name components.
    pub(crate) names: bool,
    pub(crate) monitor: Monitor,
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// Resources that must have been opened once before the service is ready.
    pub(crate) required: Vec<Arc<dyn Managed>>,
}

/// What a path below the base path asks for.
enum Question<'a> {
    Health,
    Probe(CheckKind),
    Components,
    Component(&'a str),
}

impl<'a> Question<'a> {
    fn of(rest: &'a str) -> Option<Self> {
        Some(match rest {
            "" => Self::Health,
            "/ready" => Self::Probe(CheckKind::Readiness),
            "/live" => Self::Probe(CheckKind::Liveness),
            "/startup" => Self::Probe(CheckKind::Startup),
            "/components" => Self::Components,
            _ => Self::Component(rest.strip_prefix("/components/").filter(|name| !name.contains('/'))?),
        })
    }
}

impl Probes {
    /// The resources among the managed ones that readiness waits for.
    pub(crate) fn required(managed: &[Arc<dyn Managed>]) -> Vec<Arc<dyn Managed>> {
        managed.iter().filter(|resource| resource.warm() == Warm::Required).cloned().collect()
    }

    /// Whether a path belongs to the probes.
    pub(crate) fn serves(&self, path: &str) -> bool {
        self.question(path).is_some()
    }

    fn question<'a>(&self, path: &'a str) -> Option<Question<'a>> {
        Question::of(path.strip_prefix(self.base_path.as_str())?)
    }

    /// Answers a probe, or `None` when the path is not one.
    pub(crate) async fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
        let question = self.question(path)?;
        if method != Method::GET && method != Method::HEAD {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(response);
        }
        let report = match question {
            Question::Health => self.health().await,
            Question::Probe(kind) => self.probe(kind).await,
            Question::Components => self.report(|_| true, None).await,
            Question::Component(name) => {
                let report = self.report(|component| component.name == name, None).await;
                if report.components.is_empty() {
                    let failure = Failure::new(StatusCode::NOT_FOUND, "COMPONENT_NOT_FOUND");
                    return Some(
                        failure.cause("no component of the health report has this name").into_response(),
                    );
                }
                report
            }
        };
        let form = Form::asked_for(headers.get_all(ACCEPT));
        let mut response = Response::new(Body::from(report.render(form, self.names, self.details)));
        *response.status_mut() =
            if report.status.is_up() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Some(response)
    }

    /// The report of `/health`: everything but what only says whether the process lives.
    pub(crate) async fn health(&self) -> Report {
        let report = self.report(|component| component.kind != Some(CheckKind::Liveness), None).await;
        let message = report.components.is_empty().then_some("nothing is checked");
        Report { message, ..report }
    }

    async fn probe(&self, kind: CheckKind) -> Report {
        let held_up = match kind {
            CheckKind::Readiness => self.not_ready(),
            CheckKind::Startup if !self.lifecycle.has_started() => Some("starting"),
            _ => None,
        };
        self.report(|component| component.kind == Some(kind), held_up).await
    }

    async fn report(
        &self,
        wanted: impl Fn(&super::Component) -> bool,
        held_up: Option<&'static str>,
    ) -> Report {
        let findings = self.monitor.findings(wanted).await;
        let status = if held_up.is_some() { Status::Unhealthy } else { overall(&findings) };
        Report { status, message: held_up, components: findings.into_iter().map(Entry::of).collect() }
    }

    fn not_ready(&self) -> Option<&'static str> {
        let missing = || self.required.iter().any(|resource| !resource.initialized());
        self.lifecycle
            .not_ready()
            .or_else(|| missing().then_some("a required resource has not been opened yet"))
    }
}
