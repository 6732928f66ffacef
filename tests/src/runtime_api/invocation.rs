//! Events on their way to the function, and its answers on their way back.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use rustix::process::Signal;
use serde_json::Value;
use tokio::sync::oneshot;

use super::refusal::{Refusal, Reply, accepted, json_reply};
use super::shared::{Frozen, Life, Shared, State};
use super::{Answer, Invoke, InvokeError, RESPONSE_LIMIT, Record};
use crate::deadline::SOON;

type Answered = Result<Answer, InvokeError>;

/// One call of the function.
pub(super) struct Invocation {
    pub(super) stage: Stage,
    number: u64,
    /// Names one attempt; the function sends it back with its answer.
    invocation_id: String,
    event: Bytes,
    timeout: Duration,
    headers: HeaderMap,
    caller: Option<oneshot::Sender<Answered>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Queued,
    Delivered,
    Answered,
    TimedOut,
}

impl Invocation {
    /// Tells the caller, once.
    pub(super) fn end(&mut self, stage: Stage, answer: Answered) {
        self.stage = stage;
        if let Some(caller) = self.caller.take() {
            // The caller may have stopped waiting.
            let _ = caller.send(answer);
        }
    }
}

impl Shared {
    /// Takes a call in, and hands it over as soon as the function asks.
    pub(super) fn submit(self: Arc<Self>, invoke: Invoke) -> oneshot::Receiver<Answered> {
        let (caller, answer) = oneshot::channel();
        let Invoke { number, request_id, .. } = invoke;
        let mut headers = HeaderMap::new();
        let trace_id = invoke.trace_id.unwrap_or_else(|| {
            let id = self.seed.uuid("trace", number).replace('-', "");
            format!("Root=1-{}-{};Sampled=0", &id[..8], &id[8..])
        });
        for (name, value) in [
            ("lambda-runtime-trace-id", Some(trace_id)),
            ("lambda-runtime-client-context", invoke.client_context),
            ("lambda-runtime-cognito-identity", invoke.cognito_identity),
            ("lambda-runtime-aws-tenant-id", invoke.tenant_id),
        ] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_maybe_shared(value).expect("a header value"));
            }
        }
        let invocation = Invocation {
            stage: Stage::Queued,
            number,
            invocation_id: self.seed.uuid("invocation", number),
            event: invoke.event,
            timeout: invoke.timeout,
            headers,
            caller: Some(caller),
        };
        let ended = self.update(|state| {
            let ended = matches!(state.life, Life::Ended);
            state.invocations.insert(request_id.clone(), invocation);
            if ended {
                state
                    .invocations
                    .get_mut(&request_id)
                    .expect("just inserted")
                    .end(Stage::Answered, Err(InvokeError::Ended));
            }
            ended
        });
        if !ended {
            let delay = self.seed.below("delay", number, self.config.jitter);
            if delay.is_zero() {
                self.enqueue(request_id.clone());
            }
            let shared = self.clone();
            self.timers.spawn(async move {
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                    shared.enqueue(request_id.clone());
                }
                tokio::time::sleep(SOON).await;
                shared.give_up(&request_id);
            });
        }
        answer
    }

    fn enqueue(self: &Arc<Self>, request_id: String) {
        self.update(|state| {
            // The process may have ended meanwhile.
            if state.invocations.get(&request_id).is_some_and(|invocation| invocation.stage == Stage::Queued)
            {
                state.queue.push(request_id);
            }
            self.dispatch(state);
        });
    }

    /// Nobody asked for this event.
    fn give_up(&self, request_id: &str) {
        self.update(|state| {
            if let Some(invocation) = state.invocations.get_mut(request_id)
                && invocation.stage == Stage::Queued
            {
                invocation.end(Stage::Answered, Err(InvokeError::NotTaken));
                state.queue.retain(|queued| queued != request_id);
            }
        });
    }

    /// Hands events to polls as long as there are both.
    pub(super) fn dispatch(self: &Arc<Self>, state: &mut State) {
        state.polls.retain(|poll| !poll.is_closed());
        if state.queue.is_empty() || state.polls.is_empty() || !state.extensions_are_ready() {
            return;
        }
        if let Some(frozen) = &mut state.frozen {
            if !std::mem::replace(&mut frozen.thawing, true) {
                let (shared, until) = (self.clone(), frozen.since + self.config.freeze.unwrap_or_default());
                self.timers.spawn(async move {
                    tokio::time::sleep_until(until.into()).await;
                    shared.update(|state| {
                        state.thaw();
                        shared.dispatch(state);
                    });
                });
            }
            return;
        }
        while !state.queue.is_empty() && !state.polls.is_empty() {
            let number = state.delivered;
            let event = self.seed.pick("event", number, state.queue.len());
            let poll = self.seed.pick("poll", number, state.polls.len());
            let (request_id, poll) = (state.queue.remove(event), state.polls.remove(poll));
            self.deliver(state, request_id, poll);
        }
    }

    fn deliver(self: &Arc<Self>, state: &mut State, request_id: String, poll: oneshot::Sender<Reply>) {
        let arn = self.arn();
        let Some(invocation) = state.invocations.get_mut(&request_id) else { return };
        let (now, deadline) = (SystemTime::now(), Instant::now() + invocation.timeout);
        let epoch = (now + invocation.timeout).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut reply = json_reply(StatusCode::OK, invocation.event.clone());
        let headers = reply.headers_mut();
        headers.extend(invocation.headers.clone());
        for (name, value) in [
            ("lambda-runtime-aws-request-id", request_id.clone()),
            ("lambda-runtime-invocation-id", invocation.invocation_id.clone()),
            ("lambda-runtime-deadline-ms", epoch.as_millis().to_string()),
            ("lambda-runtime-invoked-function-arn", arn.clone()),
        ] {
            headers.insert(name, HeaderValue::from_maybe_shared(value).expect("a header value"));
        }
        if poll.send(reply).is_err() {
            // It hung up just now.
            state.queue.push(request_id);
            return;
        }
        invocation.stage = Stage::Delivered;
        state.delivered += 1;
        state.tell_extensions_of_invoke(&request_id, epoch.as_millis(), &arn);
        state.history.push(Record::Delivered { request_id: request_id.clone() });
        let shared = self.clone();
        self.timers.spawn(async move {
            tokio::time::sleep_until(deadline.into()).await;
            shared.time_out(&request_id);
        });
    }

    fn time_out(&self, request_id: &str) {
        self.update(|state| {
            let Some(invocation) = state.invocations.get_mut(request_id) else { return };
            if invocation.stage != Stage::Delivered {
                return;
            }
            invocation.end(Stage::TimedOut, Ok(Answer::TimedOut));
            state.history.push(Record::TimedOut { request_id: request_id.to_owned() });
            if self.config.kill_at_deadline.unwrap_or(!self.config.is_managed()) {
                state.signal(Signal::KILL);
            }
        });
    }

    /// Whether the next poll is to fail.
    pub(super) fn poll_fails(self: &Arc<Self>) -> bool {
        self.update(|state| {
            let fails = state.delivered > 0 && state.failed_polls < self.config.failing_polls;
            if fails {
                state.failed_polls += 1;
                state.history.push(Record::PollFailed);
            }
            fails
        })
    }

    /// `GET …/invocation/next`: a long poll.
    pub(super) fn next(self: &Arc<Self>) -> Result<oneshot::Receiver<Reply>, Refusal> {
        let (poll, event) = oneshot::channel();
        self.update(|state| {
            match &state.life {
                Life::Starting if self.config.snap_start => {
                    return Err(Refusal::state("with SnapStart /restore/next comes before /invocation/next"));
                }
                Life::Snapshot(_) => return Err(Refusal::state("the snapshot was not restored yet")),
                Life::Failed => {
                    return Err(Refusal::state("the function has reported that it cannot start"));
                }
                Life::Starting | Life::Restored | Life::Serving | Life::Ended => {}
            }
            state.polls.retain(|poll| !poll.is_closed());
            let busy = state.polls.len() + state.in_flight();
            if busy >= self.config.concurrency {
                let most = self.config.concurrency;
                return Err(Refusal::state(format!(
                    "{busy} polls and invocations are open, of {most} at most"
                )));
            }
            if !matches!(state.life, Life::Ended) {
                state.life = Life::Serving;
            }
            state.history.push(Record::Next);
            state.polls.push(poll);
            self.freeze(state);
            self.dispatch(state);
            Ok(event)
        })
    }

    /// Stops the process when it has answered everything and asks for more.
    fn freeze(&self, state: &mut State) {
        let idle = state.delivered > 0 && state.in_flight() == 0;
        let freezes = self.config.freeze.is_some() && !self.config.is_managed();
        if freezes && idle && state.process.is_some() && state.frozen.is_none() {
            state.signal(Signal::STOP);
            state.frozen = Some(Frozen { since: Instant::now(), thawing: false });
        }
    }

    /// `POST …/invocation/{id}/response`.
    pub(super) async fn response(
        &self,
        request_id: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Reply, Refusal> {
        let streaming = match headers.get("lambda-runtime-function-response-mode").map(HeaderValue::as_bytes)
        {
            None => false,
            Some(b"streaming") => true,
            Some(mode) => {
                return Err(Refusal::format(format!(
                    "the response mode `{}` is unknown",
                    mode.escape_ascii()
                )));
            }
        };
        let number = self.update(|state| {
            let number = state.awaited(request_id, headers)?;
            let bytes = body.len();
            state.history.push(Record::Response { request_id: request_id.to_owned(), bytes });
            let answer = if !streaming && bytes > RESPONSE_LIMIT {
                let error_type = "Function.ResponseSizeTooLarge".to_owned();
                let error_message = format!(
                    "Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
                );
                Answer::Error { error_type, error_message }
            } else {
                if !streaming && let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
                    state.violations.push(format!("the response to {request_id} is not JSON: {error}"));
                }
                Answer::Response(body)
            };
            let refused = matches!(answer, Answer::Error { .. });
            state.answer(request_id, answer);
            if refused {
                return Err(Refusal::too_large(format!(
                    "a response of {bytes} bytes, above {RESPONSE_LIMIT}"
                )));
            }
            Ok(number)
        })?;
        self.hold_back(number).await;
        Ok(accepted())
    }

    /// `POST …/invocation/{id}/error`.
    pub(super) async fn error(
        &self,
        request_id: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let number = self.update(|state| {
            let number = state.awaited(request_id, headers)?;
            let (error_type, error_message) = function_error(headers, body)?;
            let record = Record::Error { request_id: request_id.to_owned(), error_type: error_type.clone() };
            state.history.push(record);
            state.answer(request_id, Answer::Error { error_type, error_message });
            Ok(number)
        })?;
        self.hold_back(number).await;
        Ok(accepted())
    }

    async fn hold_back(&self, number: u64) {
        let delay = self.seed.below("acknowledgement", number, self.config.jitter);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:lambda:eu-central-1:123456789012:function:{}", self.config.name)
    }
}

impl State {
    /// Whether this invocation waits for an answer, and its number.
    fn awaited(&mut self, request_id: &str, headers: &HeaderMap) -> Result<u64, Refusal> {
        let Some(invocation) = self.invocations.get(request_id) else {
            return Err(Refusal::request_id("no invocation has this id"));
        };
        match invocation.stage {
            Stage::Delivered => {}
            Stage::Queued => return Err(Refusal::request_id("the invocation was not handed over")),
            Stage::Answered => return Err(Refusal::request_id("the invocation is answered already")),
            Stage::TimedOut => return Err(Refusal::too_late("the deadline has passed")),
        }
        match headers.get("lambda-runtime-invocation-id") {
            Some(echo) if *echo == invocation.invocation_id => {}
            Some(_) => return Err(Refusal::too_late("the invocation id belongs to another attempt")),
            // Lambda takes it, but cannot tell a late answer from one of the next attempt.
            None => self.violations.push(format!("the answer to {request_id} is without its invocation id")),
        }
        Ok(self.invocations[request_id].number)
    }

    fn answer(&mut self, request_id: &str, answer: Answer) {
        if let Some(invocation) = self.invocations.get_mut(request_id) {
            invocation.end(Stage::Answered, Ok(answer));
        }
    }
}

/// Type and text of a reported failure.
pub(super) fn function_error(headers: &HeaderMap, body: &[u8]) -> Result<(String, String), Refusal> {
    let header = headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    if header.is_none_or(str::is_empty) {
        return Err(Refusal::format("the header Lambda-Runtime-Function-Error-Type is missing or empty"));
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::format(format!("the body of a failure is not JSON: {error}")))?;
    let text = |key: &str| match body.get(key).and_then(Value::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Refusal::format(format!("the body of a failure has no text `{key}`"))),
    };
    let (error_type, error_message) = (text("errorType")?, text("errorMessage")?);
    if error_type.is_empty() {
        return Err(Refusal::format("`errorType` is empty"));
    }
    if body.get("stackTrace").is_some_and(|trace| !trace.is_array()) {
        return Err(Refusal::format("`stackTrace` is not a list"));
    }
    Ok((error_type, error_message))
}
