//! One AWS event in, its answer out: the way of every host that is handed events.

use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::response::Parts;
use http::{Method, StatusCode};
use serde_json::value::RawValue;

use super::invocation::panicked;
use super::produce::produced;
use super::request::fresh_id;
use super::service::{Call, Called};
use super::stack::instead_of;
use super::{Service, Triggered, batch};
use crate::clock::Deadline;
use crate::error::{self, Failure, Origin};
use crate::event::{self, Decoded, HttpSource, RecordKind, Records};
use crate::layer::fence;

/// The limit of a handler without a `timeout` of its own behind API Gateway, which gives up after 29 s.
const API_GATEWAY: Duration = Duration::from_secs(28);

/// The limit of any other: the function's own deadline, and Lambda gives an invocation no more.
const LAMBDA: Duration = Duration::from_secs(15 * 60);

/// What a host knows of an event.
#[derive(Clone)]
pub(crate) struct Arrival<'h> {
    /// The host's own id of the invocation.
    pub(crate) request_id: Arc<str>,
    /// Until when the host waits.
    pub(crate) deadline: Deadline,
    /// The name of the function, where there is one.
    pub(crate) function: Option<&'h str>,
    /// Whether the host passes answers to a function URL on bit by bit.
    pub(crate) streams: bool,
}

/// An event that AWS has made and no handler takes.
struct Unserved {
    /// What it is.
    words: String,
    /// What to write, when one could take it.
    help: Option<String>,
}

impl From<String> for Unserved {
    fn from(words: String) -> Self {
        Self { words, help: None }
    }
}

/// What goes back for an event.
pub(crate) enum EventAnswer {
    /// The JSON that its source reads, written once and no larger than that takes.
    Json(Box<RawValue>),
    /// To a client over HTTP, bit by bit, behind the head that a function URL reads; only where [`Arrival::streams`].
    Stream(Box<RawValue>, Body),
}

impl EventAnswer {
    /// Nobody reads it.
    pub(super) fn nothing() -> Self {
        Self::Json(RawValue::NULL.to_owned())
    }

    /// What a host reads that passes nothing on bit by bit.
    pub(crate) fn into_raw(self) -> Box<RawValue> {
        match self {
            Self::Json(json) => json,
            Self::Stream(..) => RawValue::NULL.to_owned(),
        }
    }

    /// The bytes of it.
    pub(crate) fn into_json(self) -> Bytes {
        Box::<str>::from(self.into_raw()).into_boxed_bytes().into()
    }
}

impl Arrival<'_> {
    /// At a host that has no function, no deadline and no id of its own.
    pub(crate) fn here() -> Self {
        Self { request_id: fresh_id(), deadline: Deadline::NONE, function: None, streams: false }
    }

    /// Logs a failure of the event itself.
    fn refuse(&self, status: StatusCode, code: &'static str, problem: String) -> Failure {
        let failure = Failure::new(status, code).detail(problem).origin_is(Origin::Internal);
        error::log(&failure, None, &self.request_id, None, false);
        failure
    }
}

impl Service {
    /// Serves one event; never panics.
    ///
    /// # Errors
    /// What Lambda shall take for a failed invocation; it has been logged. A failure that an HTTP client can be told is
    /// an answer.
    pub(crate) async fn event(
        self: &Arc<Self>,
        event: Bytes,
        arrival: &Arrival<'_>,
    ) -> Result<EventAnswer, Failure> {
        // A handler's panic has become its failure long before.
        fence(self.answer(event, arrival)).await.unwrap_or_else(|panic| {
            let failure = panicked(&panic, "serving the event");
            error::log(&failure, None, &arrival.request_id, None, false);
            Err(failure)
        })
    }

    async fn answer(self: &Arc<Self>, event: Bytes, arrival: &Arrival<'_>) -> Result<EventAnswer, Failure> {
        let not_valid = |problem: String| {
            arrival.refuse(StatusCode::BAD_REQUEST, "EVENT_NOT_VALID", format!("the event is {problem}"))
        };
        match event::decode(&event) {
            Decoded::Http(request, source) => {
                let streams = arrival.streams && source == HttpSource::FunctionUrl;
                let call = Call { streams, ..self.call(arrival, &event, Some(source)) };
                self.respond(self.http(request, call), source, arrival).await
            }
            Decoded::WebSocket(request, route_key) => match self.triggers.web_socket(&route_key) {
                Some(triggered) => self.message(triggered, request, &event, arrival).await,
                None => {
                    let what = format!("a WebSocket message of route `{}`", route_key.escape_debug());
                    self.other(&event, arrival, Some(what.into())).await
                }
            },
            Decoded::Records(records) => self.records(records, &event, arrival).await,
            Decoded::EndOfWindow(arn) => {
                match RecordKind::of_stream(&arn).or_else(|| self.triggers.windowed()) {
                    Some(kind) => self.records(Records::end_of_window(kind, arn), &event, arrival).await,
                    None => {
                        let what = "a tumbling window without records".to_owned();
                        self.other(&event, arrival, Some(what.into())).await
                    }
                }
            }
            Decoded::NoRecords if self.triggers.take_records() => {
                Err(not_valid("a batch without records".to_owned()))
            }
            // Of a source that no handler here takes, or of one that an `event` asks for.
            Decoded::NoRecords => {
                self.other(&event, arrival, Some("a batch without records".to_owned().into())).await
            }
            Decoded::Other => self.other(&event, arrival, None).await,
            Decoded::Foreign(words) => self.other(&event, arrival, Some(words.into())).await,
            Decoded::BadHttp(problem, request, source) => {
                let failure = Failure::new(StatusCode::BAD_REQUEST, "EVENT_NOT_VALID");
                let failure = failure.detail(format!("the request is not well-formed: {problem}"));
                let call = self.call(arrival, &event, Some(source));
                let called = self.refused(request, failure.origin_is(Origin::Rejected), &call);
                self.respond(called, source, arrival).await
            }
            Decoded::Bad(problem) => Err(not_valid(problem)),
            Decoded::NotJson(error) => Err(not_valid(format!("not JSON: {error}"))),
        }
    }

    fn call(&self, arrival: &Arrival<'_>, event: &Bytes, source: Option<HttpSource>) -> Call {
        let default_timeout = match source {
            Some(HttpSource::HttpApi | HttpSource::RestApi | HttpSource::WebSocket) => API_GATEWAY,
            Some(HttpSource::FunctionUrl | HttpSource::LoadBalancer { .. }) | None => LAMBDA,
        };
        Call {
            request_id: Some(arrival.request_id.clone()),
            deadline: arrival.deadline,
            default_timeout,
            event: Some(event.clone()),
            record: None,
            streams: false,
        }
    }

    /// An event without a trigger of its own: for the `event` that it matches; else for the direct invoke, unless AWS has
    /// made it, what then is in these words.
    async fn other(
        self: &Arc<Self>,
        event: &Bytes,
        arrival: &Arrival<'_>,
        made_by_aws: Option<Unserved>,
    ) -> Result<EventAnswer, Failure> {
        let triggered = self
            .triggers
            .event(event)
            .or_else(|| if made_by_aws.is_some() { None } else { self.triggers.invoke(arrival.function) });
        if let Some(triggered) = triggered {
            return self.json(triggered, event.clone(), arrival).await;
        }
        if event::asks_for_health(event) {
            let report = RawValue::from_string(self.health().await);
            return report.map(EventAnswer::Json).map_err(|error| Failure::unwritable(&error));
        }
        let unserved = made_by_aws.unwrap_or_else(|| event::describe(event).into());
        let help = unserved.help.map(|help| format!("; {help}")).unwrap_or_default();
        let problem =
            format!("the event is {}; this function serves {}{help}", unserved.words, self.serves());
        Err(arrival.refuse(StatusCode::NOT_FOUND, "EVENT_NOT_SERVED", problem))
    }

    /// JSON in, JSON out.
    pub(crate) async fn json(
        &self,
        triggered: &Triggered,
        payload: Bytes,
        arrival: &Arrival<'_>,
    ) -> Result<EventAnswer, Failure> {
        let call = self.call(arrival, &payload, None);
        self.invoke(triggered, payload, call).await.map(EventAnswer::Json)
    }

    async fn message(
        self: &Arc<Self>,
        triggered: &Triggered,
        request: Request,
        event: &Bytes,
        arrival: &Arrival<'_>,
    ) -> Result<EventAnswer, Failure> {
        let call = self.call(arrival, event, Some(HttpSource::WebSocket));
        let invocation = self.triggered(triggered, request, &arrival.request_id, &call);
        let called = self.called(invocation, &Method::POST, arrival.request_id.clone());
        self.respond(called, HttpSource::WebSocket, arrival).await
    }

    /// What goes back for a response: a stream where the function URL reads one, else all of it, encoded.
    ///
    /// A response that cannot be produced or passed on is answered by its failure, so that the client gets an answer in
    /// the usual form, with the headers of the layers; without them when they are at fault.
    async fn respond(
        &self,
        called: Called,
        source: HttpSource,
        arrival: &Arrival<'_>,
    ) -> Result<EventAnswer, Failure> {
        let Called { asker, response, .. } = called;
        let streams = arrival.streams && source == HttpSource::FunctionUrl;
        let (head, failure) = match sent(response.await, source, streams).await {
            Ok(answer) => return Ok(answer),
            Err(unsent) => *unsent,
        };
        let response = self.finish(instead_of(head, failure), &asker);
        let failure = match sent(response, source, streams).await {
            Ok(answer) => return Ok(answer),
            Err(unsent) => unsent.1,
        };
        let bare = self.finish(failure.into_response(), &asker);
        sent(bare, source, streams).await.map_err(|unsent| {
            let (_, failure) = *unsent;
            error::log(&failure, asker.handler, &asker.request_id, None, self.errors.unmasked);
            failure
        })
    }

    async fn records(
        self: &Arc<Self>,
        records: Records<'_>,
        event: &Bytes,
        arrival: &Arrival<'_>,
    ) -> Result<EventAnswer, Failure> {
        let Some(triggered) = self.triggers.records(&records) else {
            let help = self.triggers.help(records.kind, records.kind.name_in(&records.arn));
            let unserved = Unserved { words: records.describe(), help };
            return self.other(event, arrival, Some(unserved)).await;
        };
        if records.is_window && !triggered.windowed {
            let (what, handler) = (records.describe(), triggered.meta.name);
            let problem = format!("the event is {what}; `{handler}` takes no `Window` beside a `Batch`");
            return Err(arrival.refuse(StatusCode::NOT_FOUND, "EVENT_NOT_SERVED", problem));
        }
        let call = self.call(arrival, event, None);
        batch::run(self, triggered, records, event, &call, &arrival.request_id).await
    }
}

/// The head of a response that cannot be passed on, and why.
type Unsent = Box<(Parts, Failure)>;

/// A response as its source reads it: all of it, or its head and then the body.
async fn sent(response: Response, source: HttpSource, streams: bool) -> Result<EventAnswer, Unsent> {
    let (mut head, body) = response.into_parts();
    let sent = if streams {
        event::encode_head(&mut head).map(|head| EventAnswer::Stream(head, body))
    } else {
        let body = produced(body, source.body_limit()).await;
        body.and_then(|body| event::encode(&mut head, body, source)).map(EventAnswer::Json)
    };
    sent.map_err(|failure| Box::new((head, failure)))
}
