//! The Extensions API: who is registered hears of events and of the end.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Record;
use super::refusal::{Refusal, Reply, accepted, json_reply};
use super::shared::{Life, Shared, State};

const IDENTIFIER: &str = "lambda-extension-identifier";

/// A registered extension.
pub(super) struct Extension {
    name: String,
    identifier: String,
    events: Vec<String>,
    /// Whether it has asked for an event, which ends its start.
    asked: bool,
    waiting: VecDeque<Value>,
    poll: Option<oneshot::Sender<Reply>>,
}

impl Extension {
    fn tell(&mut self, event: Value) {
        self.waiting.push_back(event);
        self.hand_over();
    }

    fn hand_over(&mut self) {
        if let Some(event) = self.waiting.front()
            && let Some(poll) = self.poll.take()
        {
            let mut reply = json_reply(StatusCode::OK, event.to_string());
            reply.headers_mut().insert(IDENTIFIER, HeaderValue::from_str(&self.identifier).expect("an id"));
            if poll.send(reply).is_ok() {
                self.waiting.pop_front();
            }
        }
    }
}

impl State {
    /// Events wait until every extension has started.
    pub(super) fn extensions_are_ready(&self) -> bool {
        self.extensions.iter().all(|extension| extension.asked)
    }

    pub(super) fn tell_extensions_of_invoke(&mut self, request_id: &str, deadline: u128, arn: &str) {
        for extension in self.extensions.iter_mut().filter(|e| e.events.iter().any(|event| event == "INVOKE"))
        {
            extension.tell(json!({
                "eventType": "INVOKE",
                "deadlineMs": deadline as u64,
                "requestId": request_id,
                "invokedFunctionArn": arn,
            }));
        }
    }

    pub(super) fn tell_extensions_of_shutdown(&mut self, deadline: u128) {
        for extension in
            self.extensions.iter_mut().filter(|e| e.events.iter().any(|event| event == "SHUTDOWN"))
        {
            extension.tell(json!({
                "eventType": "SHUTDOWN",
                "shutdownReason": "spindown",
                "deadlineMs": deadline as u64,
            }));
        }
    }

    fn extension(&mut self, headers: &HeaderMap) -> Result<&mut Extension, Refusal> {
        let Some(identifier) = headers.get(IDENTIFIER) else {
            return Err(Refusal::extension(
                "Extension.MissingHeader",
                "Lambda-Extension-Identifier is missing",
            ));
        };
        let found = self.extensions.iter_mut().find(|extension| *identifier == extension.identifier);
        found.ok_or_else(|| {
            Refusal::extension("Extension.UnknownExtensionIdentifier", "no extension has this identifier")
        })
    }
}

impl Shared {
    /// `POST …/extension/register`.
    pub(super) fn register(&self, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Refusal> {
        let name =
            headers.get("lambda-extension-name").and_then(|name| name.to_str().ok()).unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::extension(
                "Extension.InvalidExtensionName",
                "Lambda-Extension-Name is missing or empty",
            ));
        }
        let events = events(body)?;
        let external = self.config.extensions.iter().any(|external| external == name);
        let allowed: &[&str] = if external {
            &["INVOKE", "SHUTDOWN"]
        } else if self.config.is_managed() {
            &[]
        } else {
            &["INVOKE"]
        };
        if let Some(event) = events.iter().find(|event| !allowed.contains(&event.as_str())) {
            let kind = if external { "an external" } else { "an internal" };
            let problem = format!("{kind} extension cannot ask for {event}");
            return Err(Refusal::extension("Extension.InvalidEventType", problem));
        }
        self.update(|state| {
            if !matches!(state.life, Life::Starting) {
                let problem = "the function has started already";
                return Err(Refusal::extension("Extension.RegistrationClosed", problem));
            }
            if state.extensions.iter().any(|extension| extension.name == name) {
                let problem = "an extension of this name is registered already";
                return Err(Refusal::extension("Extension.InvalidExtensionState", problem));
            }
            if state.extensions.len() == 10 {
                return Err(Refusal::extension("Extension.TooManyExtensions", "10 extensions are registered"));
            }
            let identifier = self.seed.uuid("extension", state.extensions.len() as u64);
            state.history.push(Record::ExtensionRegistered { name: name.to_owned(), events: events.clone() });
            state.extensions.push(Extension {
                name: name.to_owned(),
                identifier: identifier.clone(),
                events,
                asked: false,
                waiting: VecDeque::new(),
                poll: None,
            });
            let body = json!({"functionName": self.config.name, "functionVersion": "$LATEST", "handler": "bootstrap"});
            let mut reply = json_reply(StatusCode::OK, body.to_string());
            reply.headers_mut().insert(IDENTIFIER, HeaderValue::from_str(&identifier).expect("an id"));
            Ok(reply)
        })
    }

    /// `GET …/extension/event/next`: a long poll.
    pub(super) fn extension_next(
        self: &Arc<Self>,
        headers: &HeaderMap,
    ) -> Result<oneshot::Receiver<Reply>, Refusal> {
        let (poll, event) = oneshot::channel();
        self.update(|state| {
            let extension = state.extension(headers)?;
            if extension.poll.as_ref().is_some_and(|poll| !poll.is_closed()) {
                return Err(Refusal::extension(
                    "Extension.InvalidExtensionState",
                    "it asks for its next event already",
                ));
            }
            extension.asked = true;
            extension.poll = Some(poll);
            extension.hand_over();
            let name = extension.name.clone();
            state.history.push(Record::ExtensionNext { name });
            self.dispatch(state);
            Ok(event)
        })
    }

    /// `POST …/extension/init/error` and `…/exit/error`.
    pub(super) fn extension_error(&self, headers: &HeaderMap) -> Result<Reply, Refusal> {
        self.update(|state| {
            let name = state.extension(headers)?.name.clone();
            let error_type =
                headers.get("lambda-extension-function-error-type").and_then(|value| value.to_str().ok());
            let Some(error_type) = error_type.filter(|error_type| !error_type.is_empty()) else {
                let problem = "Lambda-Extension-Function-Error-Type is missing or empty";
                return Err(Refusal::extension("Extension.MissingHeader", problem));
            };
            state.history.push(Record::ExtensionError { name, error_type: error_type.to_owned() });
            Ok(accepted())
        })
    }
}

fn events(body: &[u8]) -> Result<Vec<String>, Refusal> {
    #[derive(serde::Deserialize)]
    struct Body {
        events: Vec<String>,
    }
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| Refusal::extension("InvalidRequestFormat", format!("the registration: {error}")))?;
    Ok(body.events)
}

/// The reply of a long poll, or none when the double goes first.
pub(super) async fn long_poll(poll: oneshot::Receiver<Reply>) -> Reply {
    match poll.await {
        Ok(reply) => reply,
        // The process has ended or the test is over: nobody reads this.
        Err(_) => json_reply(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()),
    }
}
