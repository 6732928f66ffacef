//! One call of an endpoint, to its end: the head of its answer under the guard, and then the body.

use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::StatusCode;
use http_body::Body as _;
use tracing::{Instrument, Span};

use super::stack::HandlerHeaders;
use crate::clock::Deadline;
use crate::error::{self, Cause, Decision, Failure, Origin, Retry};
use crate::handler::{Endpoint, HandlerMeta};
use crate::layer::{GuardedBody, Stopped, WatchedBody, guard};
use crate::telemetry::Panicked;

/// One call of an endpoint.
pub(super) struct Invocation {
    pub(super) meta: Option<HandlerMeta>,
    pub(super) endpoint: Arc<dyn Endpoint>,
    pub(super) request: Request,
    pub(super) request_id: Arc<str>,
    pub(super) deadline: Deadline,
    /// Whether the body of the answer leaves while it is produced.
    pub(super) streams: bool,
    /// Whether the log's error chain holds the whole text of every error.
    pub(super) unmasked: bool,
    /// What every log line of the invocation shows.
    pub(super) span: Span,
}

impl Invocation {
    /// Shows the record in every log line, too.
    pub(super) fn of_record(self, id: &str) -> Self {
        self.span.record("record", id);
        self
    }

    /// Runs it to its end, whatever that is. The response still carries its failure, and its body is guarded.
    pub(super) async fn run(self) -> Response {
        let Self { meta, endpoint, request, request_id, deadline, streams, unmasked, span } = self;
        let is_layered = endpoint.is_layered();
        // A layer may panic before it returns its future.
        let future = async move { endpoint.call(request).await };
        let future: BoxFuture<'static, Response> =
            if span.is_disabled() { Box::pin(future) } else { Box::pin(future.instrument(span.clone())) };
        let mut response = settled(answered(guard(future, deadline).await), unmasked);
        if is_layered {
            HandlerHeaders::keep_or_forget(&mut response);
        }
        if response.body().is_end_stream() {
            return response;
        }
        let (parts, body) = response.into_parts();
        let body = GuardedBody::new(body, &parts.headers, deadline, span);
        if !streams {
            return Response::from_parts(parts, Body::new(body));
        }
        let handler = meta.map(|meta| meta.name);
        let body = body.on_break(move |stopped| {
            let failure = failure(stopped, "the answer broke off while it was being sent: its body");
            error::log(&failure, handler, &request_id, None, unmasked);
        });
        Response::from_parts(parts, Body::new(WatchedBody::new(body)))
    }
}

/// The answer of what has ended this way.
pub(super) fn answered(ended: Result<Response, Stopped>) -> Response {
    match ended {
        // Of a connection's own, before an answer: clients go on waiting for that.
        Ok(response) if response.status().is_informational() => {
            let cause = format!("the handler answered {}, which is no answer", response.status());
            Failure::internal("RESPONSE_NOT_FINAL", cause).into_response()
        }
        Ok(response) => response,
        Err(stopped) => failure(stopped, "the handler").into_response(),
    }
}

/// The response after its failure has said what the log will show. An error whose code panics then has panicked in its
/// invocation, as its handler might have.
fn settled(mut response: Response, unmasked: bool) -> Response {
    let Some(decided) = response.extensions().get::<Failure>() else { return response };
    let Err(panic) = decided.settle(unmasked) else { return response };
    let what = format!("the error of the failure {} `{}`", decided.status().as_u16(), decided.code());
    let failure = panicked(&panic, &what);
    *response.status_mut() = failure.status();
    response.extensions_mut().insert(failure);
    response
}

/// What an invocation comes to that was stopped.
pub(super) fn failure(stopped: impl std::borrow::Borrow<Stopped>, what: &str) -> Failure {
    match stopped.borrow() {
        Stopped::Deadline => Failure::new(StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED")
            .origin_is(Origin::Deadline)
            .retry(Retry::Now)
            .cause(format!(
                "{what} did not finish within its time; it was dropped and its connections closed"
            )),
        Stopped::Panic(panic) => panicked(panic, what),
        Stopped::Broken(error) => match Cause::because(&format!("{what} failed"), &**error) {
            Ok(cause) => Failure::decided(Decision::internal("RESPONSE_BODY_BROKEN")).caused(cause),
            Err(panic) => panicked(&panic, &format!("{what} failed, and its error")),
        },
    }
}

/// What it comes to where this has panicked.
pub(super) fn panicked(panic: &Panicked, what: &str) -> Failure {
    let failure = Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "PANIC").origin_is(Origin::Panic);
    failure.cause(format!("{what} panicked: {panic}"))
}
