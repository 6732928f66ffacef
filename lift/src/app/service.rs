use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum_core::extract::{DefaultBodyLimit, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::value::RawValue;
use tokio::time::Instant;
use tracing::field::Empty;

use super::answers::{not_allowed, not_found, starting};
use super::background::{Background, Running};
use super::banner::Answered;
use super::invocation::{Invocation, panicked};
use super::produce::{Asked, json_answer, produced};
use super::request::{
    REQUEST_ID, asked, fresh_id, is_large, join_cookies, json_request, request_id, without_base,
};
use super::slash::{Other, TrailingSlash, redirect};
use super::stack::instead_of;
use super::start::Start;
use super::triggers::{Triggered, Triggers};
use crate::clock::Deadline;
use crate::error::{self, Failure, Telling};
use crate::event::{self, BODY_LIMIT};
use crate::handler::router::{Matched, Router};
use crate::handler::{Endpoint, HandlerMeta, Uncalled, normal};
use crate::health::{Form, Lifecycle, Probes, Sight};
use crate::layer::fence;
use crate::resource::{Context, Invoked, Resources, User};

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
    pub(super) stops: Vec<Start>,
    pub(super) backgrounds: Vec<Arc<Background>>,
    pub(super) running: Mutex<Running>,
    pub(crate) settings_file: Option<PathBuf>,
    /// What the errors of the handlers tell.
    pub(super) catalog: Vec<Answered>,
    /// How failures are told.
    pub(crate) errors: Telling,
    /// What stands before every path and is taken off.
    pub(crate) base_path: Option<String>,
    pub(super) trailing_slash: TrailingSlash,
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
    /// Who asks for what.
    pub(super) asker: Asker,
    /// Runs it; never fails and never panics.
    pub(crate) response: BoxFuture<'static, Response>,
}

/// What an answer needs to know of its request.
#[derive(Clone)]
pub(super) struct Asker {
    /// Who serves it, when a handler does.
    pub(super) handler: Option<&'static str>,
    pub(super) request_id: Arc<str>,
    pub(super) asked: Asked,
}

impl Service {
    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.probes.handle.lifecycle
    }

    /// Closes every resource and waits for the cleanups. What runs in the background and the stop functions have half of the
    /// time to `deadline`.
    pub(crate) async fn close(&self, deadline: Option<Instant>) {
        self.stop(deadline).await;
        // What has never served has nothing to tell of itself; why it could not start is told elsewhere.
        let served = if self.lifecycle().was_started() { self.resources.pools() } else { Vec::new() };
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
        let mut taken_off = "";
        if let Some(base) = self.base_path.as_deref()
            && let Some(uri) = without_base(base, request.uri())
        {
            *request.uri_mut() = uri;
            taken_off = base;
        }
        let request_id = call.request_id.clone().or_else(|| request_id(&request)).unwrap_or_else(fresh_id);
        if self.probes.serves(&normal(request.uri().path())) {
            let asker = Asker { handler: None, request_id, asked: asked(request.method(), None) };
            let id = asker.request_id.clone();
            let response = self.fenced(asker.clone(), async move { service.probe(request, id).await });
            return Called { cancel_on_disconnect: true, asker, response };
        }
        let method = request.method().clone();
        let invocation = self.route(request, taken_off, &request_id, &call);
        self.called(invocation, &method, request_id)
    }

    /// Answers a request that is refused before any handler is looked for, through the layers.
    pub(super) fn refused(self: &Arc<Self>, mut request: Request, failure: Failure, call: &Call) -> Called {
        request.extensions_mut().insert(Uncalled::from(failure));
        let request_id = call.request_id.clone().unwrap_or_else(fresh_id);
        let method = request.method().clone();
        let invocation = self.invocation(request, Target::nobody(self.nobody.clone()), &request_id, call);
        self.called(invocation, &method, request_id)
    }

    /// An HTTP request or a WebSocket message on its way to whoever answers it.
    pub(super) fn called(
        self: &Arc<Self>,
        invocation: Invocation,
        method: &Method,
        request_id: Arc<str>,
    ) -> Called {
        let meta = invocation.meta;
        let asker = Asker { handler: meta.map(|meta| meta.name), request_id, asked: asked(method, meta) };
        let (service, by) = (self.clone(), asker.clone());
        let response = async move { service.finish(invocation.run().await, &by) };
        let response = self.fenced(asker.clone(), response);
        Called { cancel_on_disconnect: meta.is_some_and(|meta| meta.cancel_on_disconnect), asker, response }
    }

    /// An answer, also where something beside the handler panics.
    fn fenced(
        self: &Arc<Self>,
        asker: Asker,
        response: impl Future<Output = Response> + Send + 'static,
    ) -> BoxFuture<'static, Response> {
        let service = self.clone();
        Box::pin(async move {
            fence(response).await.unwrap_or_else(|panic| {
                service.finish(panicked(&panic, "serving the request").into_response(), &asker)
            })
        })
    }

    /// The answer as it is sent: its failure logged and rendered, and its body left out where there is none.
    pub(super) fn finish(&self, response: Response, asker: &Asker) -> Response {
        let Asker { handler, request_id, asked } = asker;
        asked.of(finish(response, *handler, request_id, self.errors))
    }

    /// Serves one HTTP request and waits for all of the answer.
    pub(crate) async fn http_whole(self: &Arc<Self>, request: Request, call: Call) -> Response {
        let Called { asker, response, .. } = self.http(request, call);
        let (parts, body) = response.await.into_parts();
        match produced(body, usize::MAX).await {
            Ok(body) => Response::from_parts(parts, body.into()),
            Err(failure) => self.finish(instead_of(parts, failure), &asker),
        }
    }

    /// What a queue would make of a request's end.
    #[cfg(test)]
    pub(crate) async fn outcome(&self, request: Request, call: Call) -> error::Outcome {
        error::Outcome::of(&self.route(request, "", &"-".into(), &call).run().await)
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
        let path = normal(request.uri().path());
        let answer = self.probes.answer(request.method(), &path, request.headers()).await;
        let response = answer.unwrap_or_else(|| self.nowhere(&request).into_response());
        let asked = asked(request.method(), None);
        self.finish(response, &Asker { handler: None, request_id, asked })
    }

    /// The answer where nothing is served.
    fn nowhere(&self, request: &Request) -> Failure {
        self.probes.below_components(&normal(request.uri().path())).unwrap_or_else(|| not_found(request))
    }

    /// Finds who answers a request; the base path may have been taken off its path.
    fn route(&self, mut request: Request, taken_off: &str, request_id: &Arc<str>, call: &Call) -> Invocation {
        if is_large(&request) {
            DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
        }
        let (matched, redirect) = self.matched(&request, taken_off, call);
        let (served, params, mut uncalled) = match matched {
            Matched::Served(served, params) => (Some(served), params, None),
            Matched::BadPath(served, failure) => (Some(served), Vec::new(), Some(failure.into())),
            Matched::MethodNotAllowed(allow) => (None, Vec::new(), Some(not_allowed(&request, allow))),
            Matched::NotFound => {
                let nowhere = || self.nowhere(&request).into();
                (None, Vec::new(), Some(redirect.unwrap_or_else(nowhere)))
            }
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

    /// Who serves the path of a request, or the one that differs by a slash at its end, if that is the same path.
    fn matched(&self, request: &Request, taken_off: &str, call: &Call) -> (Matched<'_>, Option<Uncalled>) {
        let path = normal(request.uri().path());
        let route = |path: &str| self.router.route(request.method(), path);
        let matched = route(&path);
        if !matches!(matched, Matched::NotFound) {
            return (matched, None);
        }
        match self.trailing_slash.other(&path, route) {
            Other::NotFound => (Matched::NotFound, None),
            Other::Same(matched) => (matched, None),
            Other::Redirect => {
                let stage = call.event.as_ref().map(event::stage_in_path).unwrap_or_default();
                (Matched::NotFound, redirect(&format!("{stage}{taken_off}"), request.uri()))
            }
        }
    }

    fn invocation(
        &self,
        mut request: Request,
        target: Target,
        request_id: &Arc<str>,
        call: &Call,
    ) -> Invocation {
        let Target { meta, user, route, params, endpoint } = target;
        join_cookies(request.headers_mut());
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

/// Renders a failure, once, and logs it.
fn finish(mut response: Response, handler: Option<&str>, request_id: &str, errors: Telling) -> Response {
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        error::log(&failure, handler, request_id, None, errors.unmasked);
        response = error::render(response, &failure, request_id, errors.form);
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    response
}
