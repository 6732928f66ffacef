use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;

use super::{BoxError, Cause, Decision, LiftError, Retry};
use crate::telemetry::Panicked;

/// Who decided that a call failed; it settles the level of the log line and what a queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The user's error type decided.
    Decided,
    /// An error that the public must not read.
    Internal,
    /// An argument of the handler could not be made from the request.
    Rejected,
    /// No handler serves this.
    Unrouted,
    /// The handler panicked.
    Panic,
    /// The handler ran out of time.
    Deadline,
    /// The handler's error is a status and nothing else, which says what happened and not whether a retry helps.
    Status,
}

/// One field or one parameter of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldFault {
    /// A JSON Pointer as a URI fragment, such as `#/items/0/quantity` (RFC 6901, section 6); empty for a parameter.
    pub pointer: String,
    /// The name of a parameter of the query string; `None` for a field of the body.
    pub parameter: Option<String>,
    /// What is wrong with it.
    pub detail: String,
}

/// What a client sees of an error, and the error itself for the log.
///
/// Cheap to clone. It travels in the response's extensions until the edge renders it, so a layer can read it:
/// `response.extensions().get::<lift::Failure>()`.
#[derive(Clone)]
pub struct Failure(Arc<Inner>);

struct Inner {
    decision: Decision,
    fields: Vec<FieldFault>,
    cause: Option<Cause>,
    /// The cause as the log shows it, once it was asked for.
    line: OnceLock<String>,
}

impl Failure {
    /// A failure with its status and stable code; a status below 400 becomes 500.
    #[must_use]
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        Self::decided(Decision::new(status.as_u16(), code))
    }

    /// The failure of an error that has decided.
    #[must_use]
    pub fn of(error: impl LiftError) -> Self {
        let decision = error.decision();
        Self::decided(decision).caused(Cause::decided(error))
    }

    pub(crate) fn decided(decision: Decision) -> Self {
        Self(Arc::new(Inner { decision, fields: Vec::new(), cause: None, line: OnceLock::new() }))
    }

    pub(crate) fn internal(code: &'static str, cause: impl Into<BoxError>) -> Self {
        Self::decided(Decision::internal(code)).cause(cause)
    }

    /// An answer that JSON cannot hold; the type that cannot be written, which is the author's, says why.
    pub(crate) fn unwritable(error: &serde_json::Error) -> Self {
        Self::internal("RESPONSE_NOT_SERIALIZABLE", error.to_string())
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        match Arc::get_mut(&mut self.0) {
            Some(inner) => change(inner),
            None => {
                // Already shared: the copy keeps everything but the cause, which cannot be cloned.
                let Inner { decision, fields, .. } = &*self.0;
                let mut inner = Inner {
                    decision: decision.clone(),
                    fields: fields.clone(),
                    cause: None,
                    line: OnceLock::new(),
                };
                change(&mut inner);
                self = Self(Arc::new(inner));
            }
        }
        self
    }

    /// What the public may read.
    #[must_use]
    pub fn detail(self, text: impl Into<String>) -> Self {
        self.change(|inner| inner.decision.public = Some(text.into()))
    }

    /// When a retry makes sense.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        self.change(|inner| inner.decision.retry = Some(retry))
    }

    /// One wrong field of the request.
    #[must_use]
    pub fn field(self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let field = FieldFault { pointer: pointer.into(), parameter: None, detail: detail.into() };
        self.change(|inner| inner.fields.push(field))
    }

    /// One wrong parameter of the request's query string, by its name.
    #[must_use]
    pub fn parameter(self, name: impl Into<String>, detail: impl Into<String>) -> Self {
        let field =
            FieldFault { pointer: String::new(), parameter: Some(name.into()), detail: detail.into() };
        self.change(|inner| inner.fields.push(field))
    }

    /// The error behind it, for the log only.
    #[must_use]
    pub fn cause(self, cause: impl Into<BoxError>) -> Self {
        self.caused(Cause::new(cause))
    }

    pub(crate) fn caused(self, cause: Cause) -> Self {
        self.change(|inner| (inner.cause, inner.line) = (Some(cause), OnceLock::new()))
    }

    pub(crate) fn origin_is(self, origin: Origin) -> Self {
        self.change(|inner| inner.decision.origin = origin)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.decision.status
    }

    /// The stable code, such as `ORDER_NOT_FOUND`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.decision.code
    }

    /// The short text that belongs to the status.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.status().canonical_reason().unwrap_or("Error")
    }

    /// What the public may read, when there is anything.
    #[must_use]
    pub fn public_detail(&self) -> Option<&str> {
        self.0.decision.public.as_deref()
    }

    /// What a caller reads in one line: the public text, else the title.
    pub(crate) fn message(&self) -> &str {
        self.public_detail().unwrap_or(self.title())
    }

    /// What Lambda's API for invokes answers for it.
    pub(crate) fn to_invoke_error(&self) -> serde_json::Value {
        serde_json::json!({"errorType": self.code(), "errorMessage": self.message()})
    }

    /// When a retry makes sense, when the error says so.
    #[must_use]
    pub fn retry_advice(&self) -> Option<Retry> {
        self.0.decision.retry
    }

    /// The wrong fields of the request.
    #[must_use]
    pub fn fields(&self) -> &[FieldFault] {
        &self.0.fields
    }

    /// Values that the public may read, by their names.
    #[must_use]
    pub fn details(&self) -> &[(&'static str, serde_json::Value)] {
        &self.0.decision.details
    }

    /// The level that its log line was given.
    pub(super) fn level(&self) -> Option<tracing::Level> {
        self.0.decision.level
    }

    /// Who decided.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.0.decision.origin
    }

    /// The error with its sources on one line, whatever they say; never for a client. At most 32 errors and 16 KB: the
    /// text says where it was cut. lift's own log leaves out the texts of other people's errors, unless the setting
    /// `log.unmasked_errors` is set.
    #[must_use]
    pub fn chain(&self) -> Option<String> {
        self.0.cause.as_ref().map(Cause::chain)
    }

    /// Asks the error for all that the log may show of it: from now on nothing runs its code any more.
    ///
    /// # Errors
    /// The panic of that code.
    pub(crate) fn settle(&self, unmasked: bool) -> Result<(), Panicked> {
        let Some(cause) = &self.0.cause else { return Ok(()) };
        let said = cause.logged(unmasked);
        self.0.line.get_or_init(|| said.text);
        said.panicked.map_or(Ok(()), Err)
    }

    /// The error as the log may show it.
    pub(crate) fn logged(&self, unmasked: bool) -> Option<&str> {
        let cause = self.0.cause.as_ref()?;
        Some(self.0.line.get_or_init(|| cause.logged(unmasked).text))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("decision", &self.0.decision).field("chain", &self.chain()).finish()
    }
}

/// The status with the failure in the extensions and no body yet: the edge writes the body.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_reads_the_public_text_and_else_the_title() {
        let silent = Failure::new(StatusCode::CONFLICT, "SHORT").cause("hunter2");
        assert_eq!(silent.message(), "Conflict");
        let told = silent.clone().detail("only 3 left");
        assert_eq!(told.message(), "only 3 left");
        let expected = serde_json::json!({"errorType": "SHORT", "errorMessage": "only 3 left"});
        assert_eq!(told.to_invoke_error(), expected);
        let nameless = Failure::new(StatusCode::from_u16(499).unwrap_or_default(), "GONE");
        assert_eq!(nameless.message(), "Error");
    }

    #[test]
    fn what_is_said_of_a_shared_failure_changes_its_copy_alone() {
        let first = Failure::new(StatusCode::CONFLICT, "SHORT").field("#/a", "is wrong").cause("inside");
        let second = first.clone().retry(Retry::Now).field("#/b", "is wrong, too");
        assert_eq!((first.retry_advice(), second.retry_advice()), (None, Some(Retry::Now)));
        assert_eq!((first.fields().len(), second.fields().len()), (1, 2));
        assert_eq!((first.chain().as_deref(), second.chain()), (Some("inside"), None));
    }

    #[test]
    fn a_failure_shows_its_decision_and_its_chain_to_a_developer() {
        let failure = Failure::new(StatusCode::CONFLICT, "SHORT").cause("inside");
        let shown = format!("{failure:?}");
        assert!(shown.contains("SHORT") && shown.contains("inside"), "{shown}");
    }
}
