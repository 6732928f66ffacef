use axum_core::body::Body;
use axum_core::response::Response;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::{Serialize, Serializer};
use serde_json::Value;
use tracing::Level;

use super::{Failure, FieldFault, Origin};
use crate::telemetry::caught;

/// The form of failures over HTTP; the setting `errors.form`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ErrorForm {
    /// RFC 9457, `application/problem+json`.
    #[default]
    Problem,
    /// `{"error": {"code", "message"}}`.
    Short,
}

/// How a service tells its failures.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Telling {
    /// Over HTTP.
    pub(crate) form: ErrorForm,
    /// Whether the log's error chain holds the whole text of every error; the setting `log.unmasked_errors`.
    pub(crate) unmasked: bool,
}

/// RFC 9457, with the extension members `code`, `request_id`, `details` and `errors`.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Details::is_empty")]
    details: Details<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong<'a>>,
}

/// `{"error": …}`.
#[derive(Serialize)]
struct Short<'a> {
    error: ShortError<'a>,
}

#[derive(Serialize)]
struct ShortError<'a> {
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Details::is_empty")]
    details: Details<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong<'a>>,
}

#[derive(Serialize)]
struct Wrong<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    detail: &'a str,
}

struct Details<'a>(&'a [(&'static str, Value)]);

impl Details<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Writes the failure into the response; headers that layers set stay.
pub(crate) fn render<'a>(
    mut response: Response,
    failure: &'a Failure,
    request_id: &'a str,
    form: ErrorForm,
) -> Response {
    let wrong = |fault: &'a FieldFault| {
        let parameter = fault.parameter.as_deref();
        let pointer = parameter.is_none().then_some(fault.pointer.as_str());
        Wrong { pointer, parameter, detail: &fault.detail }
    };
    let errors = failure.fields().iter().map(wrong).collect();
    let (code, detail, details) = (failure.code(), failure.public_detail(), Details(failure.details()));
    let (kind, body) = match form {
        ErrorForm::Problem => {
            let (title, status) = (failure.title(), failure.status().as_u16());
            let problem =
                Problem { r#type: "about:blank", title, status, code, detail, request_id, details, errors };
            ("application/problem+json", serde_json::to_vec(&problem))
        }
        ErrorForm::Short => {
            let message = detail.unwrap_or(failure.title());
            let error = ShortError { code, message, request_id, details, errors };
            ("application/json", serde_json::to_vec(&Short { error }))
        }
    };
    *response.status_mut() = failure.status();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(seconds) = failure.retry_advice().and_then(super::Retry::seconds) {
        headers.entry(RETRY_AFTER).or_insert(HeaderValue::from(seconds));
    }
    // JSON values only: this cannot fail, and an empty body would still carry the status.
    *response.body_mut() = Body::from(body.unwrap_or_default());
    response
}

/// The record that a failure is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfRecord<'a> {
    pub(crate) id: &'a str,
    /// It is delivered again.
    pub(crate) returns: bool,
}

/// One log event for a failure, with the whole chain, at a level that fits; and one count of the metric. Of a batch it
/// names the record; one that is delivered again is a warning, whatever has failed.
///
/// `unmasked` is the service's setting `log.unmasked_errors`.
pub(crate) fn log(
    failure: &Failure,
    handler: Option<&str>,
    request_id: &str,
    record: Option<OfRecord<'_>>,
    unmasked: bool,
) {
    // A recorder or a subscriber of the program's own that panics costs its line, not the answer.
    let _ = caught(|| write(failure, handler, request_id, record, unmasked));
}

fn write(
    failure: &Failure,
    handler: Option<&str>,
    request_id: &str,
    record: Option<OfRecord<'_>>,
    unmasked: bool,
) {
    let (status, code) = (failure.status().as_u16(), failure.code());
    let handler = handler.unwrap_or("-");
    metrics::counter!(
        "lift_failures_total",
        "code" => code.to_owned(), "status" => status.to_string(), "handler" => handler.to_owned()
    )
    .increment(1);
    let error = failure.logged(unmasked).or(failure.public_detail()).unwrap_or(failure.title());
    let (level, message) = match failure.origin() {
        // Nobody else is told of it.
        _ if record.is_some_and(|record| record.returns) => (Level::WARN, "record failed"),
        Origin::Rejected | Origin::Unrouted if failure.status().is_client_error() => {
            (Level::DEBUG, "request rejected")
        }
        Origin::Decided | Origin::Status if failure.status() == StatusCode::SERVICE_UNAVAILABLE => {
            (Level::WARN, "invocation failed")
        }
        Origin::Decided | Origin::Status if failure.status().is_client_error() => {
            (Level::INFO, "invocation refused")
        }
        _ => (Level::ERROR, "invocation failed"),
    };
    macro_rules! event {
        ($level:ident) => {
            match record {
                None => tracing::event!(Level::$level, request_id, handler, status, code, error, "{message}"),
                Some(OfRecord { id: record, .. }) => {
                    tracing::event!(
                        Level::$level,
                        request_id,
                        record,
                        handler,
                        status,
                        code,
                        error,
                        "{message}"
                    )
                }
            }
        };
    }
    match failure.level().unwrap_or(level) {
        Level::ERROR => event!(ERROR),
        Level::WARN => event!(WARN),
        Level::INFO => event!(INFO),
        _ => event!(DEBUG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Decision;
    use crate::telemetry::Log;

    #[test]
    fn a_failure_is_logged_at_the_level_that_fits_who_decided_and_who_waits() {
        let rows = [
            (Origin::Rejected, 422, None, "DEBUG", "request rejected"),
            (Origin::Rejected, 500, None, "ERROR", "invocation failed"),
            (Origin::Unrouted, 404, None, "DEBUG", "request rejected"),
            (Origin::Decided, 503, None, "WARN", "invocation failed"),
            (Origin::Decided, 409, None, "INFO", "invocation refused"),
            // It was dropped.
            (Origin::Decided, 409, Some(false), "INFO", "invocation refused"),
            (Origin::Decided, 503, Some(false), "WARN", "invocation failed"),
            (Origin::Decided, 500, None, "ERROR", "invocation failed"),
            (Origin::Status, 404, None, "INFO", "invocation refused"),
            (Origin::Status, 503, None, "WARN", "invocation failed"),
            (Origin::Status, 500, None, "ERROR", "invocation failed"),
            (Origin::Internal, 500, None, "ERROR", "invocation failed"),
            (Origin::Panic, 500, None, "ERROR", "invocation failed"),
            (Origin::Deadline, 504, None, "ERROR", "invocation failed"),
        ];
        let origins = [Origin::Rejected, Origin::Unrouted, Origin::Decided, Origin::Status, Origin::Internal];
        let returned = origins.into_iter().chain([Origin::Panic, Origin::Deadline]).flat_map(|origin| {
            [404, 409, 422, 500, 503, 504].map(|status| (origin, status, Some(true), "WARN", "record failed"))
        });
        for (origin, status, record, level, message) in rows.into_iter().chain(returned) {
            let failure = Failure::decided(Decision::new(status, "X")).origin_is(origin);
            let written = Log::default();
            let record = record.map(|returns| OfRecord { id: "m1", returns });
            written.of(|| log(&failure, Some("handler"), "r", record, false));
            let [line] = written.lines().try_into().unwrap();
            let shown = (line["level"].as_str(), line["message"].as_str(), line["record"].as_str());
            assert_eq!(
                shown,
                (Some(level), Some(message), record.map(|record| record.id)),
                "{origin:?} {status}"
            );
        }
    }

    #[test]
    fn a_level_that_the_error_decided_beats_the_one_that_fits() {
        for level in ["error", "warn", "info", "debug"] {
            let failure = Failure::decided(Decision::new(409, "X").log(level));
            let written = Log::default();
            written.of(|| log(&failure, None, "r", None, false));
            let [line] = written.lines().try_into().unwrap();
            let shown = (line["level"].as_str().map(str::to_lowercase), line["handler"].as_str());
            assert_eq!(shown, (Some(level.to_owned()), Some("-")));
        }
    }
}
