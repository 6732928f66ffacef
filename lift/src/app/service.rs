use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use axum_core::extract::{DefaultBodyLimit, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body::Body as _;
use serde_json::value::RawValue;
use tracing::field::Empty;
use uuid::Uuid;

use super::answers::{not_allowed, not_found, starting};
use super::invocation::{Invocation, panicked};
use super::produce::{json_answer, produced, without_body};
use super::start::Start;
use super::triggers::{Triggered, Triggers};
use crate::body::AXUM_BODY_LIMIT;
use crate::clock::Deadline;
use crate::error::{self, CatalogEntry, Failure, Telling};
use crate::event::BODY_LIMIT;
use crate::handler::router::{Matched, Router};
use crate::handler::{Endpoint, HandlerMeta, Uncalled};
use crate::health::{Form, Lifecycle, Probes, Sight};
use crate::layer::fence;
use crate::resource::{Context, Invoked, Resources, User};
use crate::telemetry::Panicked;

/// The id of a request, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A compiled service: every host calls this.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) router: Router,
    pub(crate) triggers: Triggers,
    /// Answers what no handler serves.
    pub(super) nobody: Arc<dyn Endpoint>,
    pub(crate) resources: Arc<Resources>,
    pub(crate) probes: Probes,
    pub(super) starts: Vec<Start>,
    pub(crate) settings_file: Option<PathBuf>,
    /// What the errors of the handlers tell, and the handlers that return it.
    pub(crate) catalog: Vec<(CatalogEntry, Vec<&'static str>)>,
    /// How failures are told.
    pub(crate) errors: Telling,
    /// What stands before every path and is taken off.
    pub(crate) base_path: Option<String>,
}

/// What a host knows of a call.
pub(crate) struct Call {
    /// The host's own id of the call.
    pub(crate) request_id: Option<Arc<str>>,
    /// Until when the host waits.
    pub(crate) deadline: Deadline,
    /// The limit of a handler that has none of its own.
    pub(crate) default_timeout: Duration,
    /// The event that made it, where there is one.
    pub(crate) event: Option<Bytes>,
    /// Where its record begins in the event.
    pub(crate) record: Option<usize>,
    /// Whether the body of the answer leaves while it is produced: what stops it then is logged, because nobody can be
    /// answered any more.
    pub(crate) streams: bool,
}

/// An HTTP request on its way.
pub(crate) struct Called {
    /// Whether it may be dropped when its client goes away.
    pub(crate) cancel_on_disconnect: bool,
    /// Who serves it, when a handler does.
    pub(crate) handler: Option<&'static str>,
    /// Its id.
    pub(crate) request_id: Arc<str>,
    /// Runs it; never fails and never panics.
    pub(crate) response: BoxFuture<'static, Response>,
}

impl Service {
    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.probes.handle.lifecycle
    }

    /// Closes every resource and waits for the cleanups.
    pub(crate) async fn close(&self) {
        // What has never served has nothing to tell of itself; why it could not start is told elsewhere.
        let served = if self.lifecycle().has_started() { self.resources.pools() } else { Vec::new() };
        self.lifecycle().draining();
        for (pool, stats) in served {
            let (gets, hits, timeouts, errors) = (stats.gets, stats.hits, stats.timeouts, stats.errors);
            let (created, closed) = (stats.created, stats.closed_total());
            tracing::info!(pool, gets, hits, timeouts, errors, created, closed, "closing");
        }
        self.resources.close().await;
    }

    /// Serves one HTTP request.
    pub(crate) fn http(self: &Arc<Self>, mut request: Request, call: Call) -> Called {
        let service = self.clone();
        if let Some(uri) = self.base_path.as_deref().and_then(|base| without(base, request.uri())) {
            *request.uri_mut() = uri;
        }
        let request_id = call.request_id.clone().or_else(|| request_id(&request)).unwrap_or_else(fresh_id);
        if self.probes.serves(request.uri().path()) {
            let id = request_id.clone();
            let response = Box::pin(async move {
                let answered = fence(service.probe(request, id.clone())).await;
                answered.unwrap_or_else(|panic| service.fell(&panic, None, &id))
            });
            return Called { cancel_on_disconnect: true, handler: None, request_id, response };
        }
        let head = request.method() == Method::HEAD;
        let invocation = self.route(request, &request_id, &call);
        let meta = invocation.meta;
        let handler = meta.map(|meta| meta.name);
        let cancel_on_disconnect = meta.is_some_and(|meta| meta.cancel_on_disconnect);
        let id = request_id.clone();
        let response = Box::pin(async move {
            let answered = fence(async {
                let response = finish(invocation.run().await, handler, &id, service.errors);
                if head { without_body(response) } else { response }
            });
            answered.await.unwrap_or_else(|panic| service.fell(&panic, handler, &id))
        });
        Called { cancel_on_disconnect, handler, request_id, response }
    }

    /// The answer to a request beside whose handler something has panicked.
    fn fell(&self, panic: &Panicked, handler: Option<&str>, request_id: &str) -> Response {
        finish(panicked(panic, "serving the request").into_response(), handler, request_id, self.errors)
    }

    /// Serves one HTTP request and waits for all of the answer.
    pub(crate) async fn http_whole(self: &Arc<Self>, request: Request, call: Call) -> Response {
        let Called { handler, request_id, response, .. } = self.http(request, call);
        match produced(response.await, usize::MAX).await {
            Ok(whole) => whole.map(Body::from),
            Err(failure) => finish(failure.into_response(), handler, &request_id, self.errors),
        }
    }

    /// What a queue would make of a request's end.
    #[cfg(test)]
    pub(crate) async fn outcome(&self, request: Request, call: Call) -> error::Outcome {
        error::Outcome::of(&self.route(request, &"-".into(), &call).run().await)
    }

    /// Serves a request that can only be a probe.
    pub(crate) async fn probe_only(&self, request: Request) -> Response {
        let request_id = request_id(&request).unwrap_or_else(fresh_id);
        self.probe(request, request_id).await
    }

    /// The health report for whoever may invoke this function, as JSON.
    pub(crate) async fn health(&self) -> String {
        let sight = Sight { names: true, ..self.probes.sight(&HeaderMap::new()) };
        self.probes.health().await.render(Form::Json, sight)
    }

    async fn probe(&self, request: Request, request_id: Arc<str>) -> Response {
        let answer = self.probes.answer(request.method(), request.uri().path(), request.headers()).await;
        let response = answer.unwrap_or_else(|| self.nowhere(&request).into_response());
        let response = finish(response, None, &request_id, self.errors);
        if request.method() == Method::HEAD { without_body(response) } else { response }
    }

    /// The answer where nothing is served.
    fn nowhere(&self, request: &Request) -> Failure {
        self.probes.below_components(request.uri().path()).unwrap_or_else(|| not_found(request))
    }

    /// Finds who answers a request.
    fn route(&self, mut request: Request, request_id: &Arc<str>, call: &Call) -> Invocation {
        if is_large(&request) {
            DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
        }
        let (served, params, mut uncalled) = match self.router.route(request.method(), request.uri().path()) {
            Matched::Served(served, params) => (Some(served), params, None),
            Matched::BadPath(served, failure) => (Some(served), Vec::new(), Some(failure.into())),
            Matched::MethodNotAllowed(allow) => (None, Vec::new(), Some(not_allowed(&request, allow))),
            Matched::NotFound => (None, Vec::new(), Some(self.nowhere(&request).into())),
        };
        if !self.lifecycle().has_started() {
            uncalled = Some(Uncalled::from(starting()));
        }
        if let Some(uncalled) = uncalled {
            request.extensions_mut().insert(uncalled);
        }
        let target = match served {
            Some(served) => {
                let (meta, user, endpoint) = (Some(served.meta), served.user, served.endpoint.clone());
                Target { meta, user, route: Some(served.path.clone()), params, endpoint }
            }
            None => Target::nobody(self.nobody.clone()),
        };
        self.invocation(request, target, request_id, call)
    }

    fn invocation(
        &self,
        mut request: Request,
        target: Target,
        request_id: &Arc<str>,
        call: &Call,
    ) -> Invocation {
        let Target { meta, user, route, params, endpoint } = target;
        let timeout = meta.and_then(|meta| meta.timeout).unwrap_or(call.default_timeout);
        let deadline = Deadline::after(timeout).earlier(call.deadline);
        let (request_id, event) = (Arc::clone(request_id), call.event.clone());
        let handler = meta.map_or("-", |meta| meta.name);
        let span = tracing::error_span!("invocation", request_id = &*request_id, handler, record = Empty);
        let id = request_id.clone();
        let invoked = Invoked { user, route, params, request_id: id, deadline, event, record: call.record };
        let context = Context::invocation(self.resources.clone(), invoked);
        request.extensions_mut().insert(context);
        let (streams, unmasked) = (call.streams, self.errors.unmasked);
        Invocation { meta, endpoint, request, request_id, deadline, streams, unmasked, span }
    }

    /// A call of a handler that something else than HTTP triggers.
    pub(super) fn triggered(
        &self,
        triggered: &Triggered,
        mut request: Request,
        request_id: &Arc<str>,
        call: &Call,
    ) -> Invocation {
        let (user, endpoint) = (triggered.user, triggered.endpoint.clone());
        let target = Target { meta: Some(triggered.meta), user, route: None, params: Vec::new(), endpoint };
        if is_large(&request) {
            DefaultBodyLimit::disable().apply(&mut request);
        }
        self.invocation(request, target, request_id, call)
    }

    /// Serves JSON by JSON. A failure has been logged.
    pub(crate) async fn invoke(
        &self,
        triggered: &Triggered,
        payload: Bytes,
        call: Call,
    ) -> Result<Box<RawValue>, Failure> {
        let request_id = call.request_id.clone().unwrap_or_else(fresh_id);
        let request = json_request(payload);
        let answered = fence(async {
            json_answer(self.triggered(triggered, request, &request_id, &call).run().await).await
        });
        let answer = answered.await.unwrap_or_else(|panic| Err(panicked(&panic, "serving the event")));
        answer.inspect_err(|failure| {
            error::log(failure, Some(triggered.meta.name), &request_id, None, self.errors.unmasked);
        })
    }

    /// What is served, for the error about an event that is not.
    pub(crate) fn serves(&self) -> String {
        let mut kinds = Vec::new();
        if !self.router.served().is_empty() {
            kinds.push("HTTP requests (API Gateway, function URL and load balancer)".to_owned());
        }
        kinds.extend(self.triggers.iter().map(|triggered| {
            let (kind, name) = triggered.describe();
            format!("{kind} `{name}`")
        }));
        if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") }
    }
}

/// Who answers a request.
struct Target {
    meta: Option<HandlerMeta>,
    user: User,
    route: Option<Arc<str>>,
    params: Vec<(&'static str, String)>,
    endpoint: Arc<dyn Endpoint>,
}

impl Target {
    /// No handler: lift itself answers.
    fn nobody(endpoint: Arc<dyn Endpoint>) -> Self {
        Self { meta: None, user: User::NOBODY, route: None, params: Vec::new(), endpoint }
    }
}

/// Whether axum's own limit could stop its body.
fn is_large(request: &Request) -> bool {
    request.body().size_hint().upper().is_none_or(|upper| upper > AXUM_BODY_LIMIT)
}

/// Renders a failure, once, and logs it.
pub(crate) fn finish(
    mut response: Response,
    handler: Option<&str>,
    request_id: &str,
    errors: Telling,
) -> Response {
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        error::log(&failure, handler, request_id, None, errors.unmasked);
        response = error::render(response, &failure, request_id, errors.form);
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    response
}

/// The URI without the base path; `None` when it has none.
fn without(base: &str, uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", if rest.is_empty() { "/" } else { rest }).parse().ok()
}

/// What a handler is called with by something else than HTTP: a body in JSON.
pub(super) fn json_request(body: Bytes) -> Request {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

/// An id that came with the request: visible ASCII, at most 128 long, else it is not passed on.
fn request_id(request: &Request) -> Option<Arc<str>> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let good = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    good.then(|| id.into())
}

/// An id of lift's own: random, but no secret. The kernel draws it: a generator of this process would be the same in every
/// machine that wakes up from one snapshot.
pub(super) fn fresh_id() -> Arc<str> {
    let id = Uuid::new_v4();
    (&*id.hyphenated().encode_lower(&mut Uuid::encode_buffer())).into()
}
