use std::fmt;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::{ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::sync::Arc;
use subtle::ConstantTimeEq;

use super::report::{Form, Note, Report, Sight};
use super::{CheckKind, Component, Group, HealthHandle, Status};
use crate::error::Failure;
use crate::resource::{Managed, Warm};

/// The probe paths below the base path.
pub(crate) const PROBES: [&str; 6] = ["", "/ready", "/live", "/startup", "/components", "/components/{name}"];

/// The segment of the probe paths that is any component's name.
pub(crate) const COMPONENT: &str = "{name}";

/// The endpoints that Kubernetes, load balancers and people ask.
pub(crate) struct Probes {
    pub(crate) base_path: String,
    pub(crate) details: Details,
    /// Whether reports name components.
    pub(crate) names: bool,
    /// The HTTP status for each [`Status`], from best to worst.
    pub(crate) codes: [StatusCode; 4],
    pub(crate) handle: HealthHandle,
    /// Resources that must have been opened once before the service is ready.
    pub(crate) required: Vec<Arc<dyn Managed>>,
}

/// Who sees messages and details.
#[derive(Clone, Debug)]
pub(crate) enum Details {
    Never,
    Always,
    /// Who sends this token, as `Authorization: Bearer`; they see names, too.
    Authorized(Token),
}

/// A secret that is never shown and compared in constant time.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Token {
    /// Whether a request brings it. Only its length can be learned from how long this takes.
    fn is_in(&self, headers: &HeaderMap) -> bool {
        let bearer = |value: &HeaderValue| {
            let (scheme, token) = value.as_bytes().split_at_checked(7)?;
            (scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(token.ct_eq(self.0.as_bytes())))
                .then_some(())
        };
        headers.get(AUTHORIZATION).and_then(bearer).is_some()
    }
}

/// What a path below the base path asks for.
enum Question<'a> {
    Health,
    Probe(CheckKind),
    Group(&'a Group),
    Components,
    Component(&'a str),
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

    fn question<'a>(&'a self, path: &'a str) -> Option<Question<'a>> {
        Some(match path.strip_prefix(self.base_path.as_str())? {
            "" => Question::Health,
            "/ready" => Question::Probe(CheckKind::Readiness),
            "/live" => Question::Probe(CheckKind::Liveness),
            "/startup" => Question::Probe(CheckKind::Startup),
            "/components" => Question::Components,
            rest => {
                let name = rest.strip_prefix('/')?;
                match name.strip_prefix("components/") {
                    Some(name) if !name.contains('/') => Question::Component(name),
                    _ => Question::Group(self.handle.groups.iter().find(|group| group.name == name)?),
                }
            }
        })
    }

    /// The answer below a component's path, where there is nothing: it repeats nothing of the path, known or not.
    pub(crate) fn below_components(&self, path: &str) -> Option<Failure> {
        let below = path.strip_prefix(self.base_path.as_str())?;
        below.starts_with("/components/").then(unknown_component)
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
        let sight = self.sight(headers);
        let report = match question {
            Question::Health => self.health().await,
            Question::Probe(kind) => self.probe(kind).await,
            Question::Group(group) => self.report(|component| group.has(component), None).await,
            Question::Components => self.report(|_| true, None).await,
            // Who may not see names does not learn them by guessing, neither from the answer nor from how long it takes.
            Question::Component(_) if !sight.names => return Some(unknown_component().into_response()),
            Question::Component(name) => {
                let report = self.report(|component| component.name == name, None).await;
                if report.is_empty() {
                    return Some(unknown_component().into_response());
                }
                report
            }
        };
        let form = Form::asked_for(headers.get_all(ACCEPT));
        let mut response = Response::new(Body::from(report.render(form, sight)));
        *response.status_mut() = self.code(report.status);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Some(response)
    }

    /// What the sender of these headers may see.
    pub(crate) fn sight(&self, headers: &HeaderMap) -> Sight {
        let known = matches!(&self.details, Details::Authorized(token) if token.is_in(headers));
        let details = known || matches!(self.details, Details::Always);
        Sight { names: known || self.names, details }
    }

    fn code(&self, status: Status) -> StatusCode {
        self.codes.get(status as usize).copied().unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// The report of `/health`: everything but what only says whether the process lives.
    pub(crate) async fn health(&self) -> Report {
        let mut report = self.report(Component::is_reported, None).await;
        report.note = report.is_empty().then_some(Note { text: "nothing is checked", detail: None });
        report
    }

    async fn probe(&self, kind: CheckKind) -> Report {
        let fault = match kind {
            CheckKind::Readiness => self.not_ready(),
            CheckKind::Liveness => {
                let stopped = self.handle.monitor.heartbeat.stopped();
                stopped.map(|detail| Note { text: "the runtime does not move", detail: Some(detail) })
            }
            CheckKind::Startup => self.not_started().map(|text| Note { text, detail: None }),
            CheckKind::Group(_) => None,
        };
        self.report(|component| component.settings.kind == Some(kind), fault).await
    }

    async fn report(&self, wanted: impl Fn(&Component) -> bool, fault: Option<Note>) -> Report {
        Report::new(self.handle.monitor.findings(wanted).await, fault)
    }

    fn not_started(&self) -> Option<&'static str> {
        if !self.handle.lifecycle.has_started() {
            return Some("starting");
        }
        let missing = self.required.iter().any(|resource| !resource.initialized());
        missing.then_some("a required resource has not been opened yet")
    }

    fn not_ready(&self) -> Option<Note> {
        let missing = || self.not_started().map(|text| Note { text, detail: None });
        self.handle.lifecycle.not_ready().or_else(missing)
    }
}

fn unknown_component() -> Failure {
    let failure = Failure::new(StatusCode::NOT_FOUND, "COMPONENT_NOT_FOUND");
    failure.cause("no component of the health report has this name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let token = Token("0123456789abcdef".to_owned());
        for (sent, opens) in [
            ("Bearer 0123456789abcdef", true),
            ("bearer 0123456789abcdef", true),
            ("Bearer 0123456789abcdeg", false),
            ("Bearer 0123456789abcde", false),
            ("Bearer 0123456789abcdef0", false),
            ("Bearer ", false),
            ("Bearer", false),
            ("0123456789abcdef", false),
            ("Basic 0123456789abcdef", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(sent));
            assert_eq!(token.is_in(&headers), opens, "{sent}");
        }
        assert!(!token.is_in(&HeaderMap::new()));
        assert_eq!(format!("{:?}", Details::Authorized(token)), "Authorized(…)");
    }
}
