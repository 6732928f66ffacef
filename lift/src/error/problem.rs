use axum_core::body::Body;
use axum_core::response::Response;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::{Failure, Origin};

/// RFC 9457, with the extension members `code`, `request_id` and `errors`.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong<'a>>,
}

#[derive(Serialize)]
struct Wrong<'a> {
    pointer: &'a str,
    detail: &'a str,
}

/// Writes the failure into the response as `application/problem+json`; headers that layers set stay.
pub(crate) fn problem_response(mut response: Response, failure: &Failure, request_id: &str) -> Response {
    let problem = Problem {
        r#type: "about:blank",
        title: failure.title(),
        status: failure.status().as_u16(),
        code: failure.code(),
        detail: failure.public_detail(),
        request_id,
        errors: failure.fields().iter().map(|f| Wrong { pointer: &f.pointer, detail: &f.detail }).collect(),
    };
    // Strings and numbers only: this cannot fail, and an empty body would still carry the status.
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    *response.status_mut() = failure.status();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = failure.retry_advice().and_then(super::Retry::seconds) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    *response.body_mut() = Body::from(body);
    response
}

/// One log event for a failure, with the whole chain, at a level that fits.
pub(crate) fn log(failure: &Failure, handler: Option<&str>, request_id: &str) {
    let (status, code) = (failure.status().as_u16(), failure.code());
    let handler = handler.unwrap_or("-");
    let chain = failure.chain();
    let error = chain.as_deref().or(failure.public_detail()).unwrap_or(failure.title());
    match failure.origin() {
        Origin::Rejected | Origin::Unrouted if failure.status().is_client_error() => {
            tracing::debug!(request_id, handler, status, code, error, "request rejected");
        }
        Origin::Decided if failure.status() == StatusCode::SERVICE_UNAVAILABLE => {
            tracing::warn!(request_id, handler, status, code, error, "invocation failed");
        }
        Origin::Decided if failure.status().is_client_error() => {
            tracing::info!(request_id, handler, status, code, error, "invocation refused");
        }
        _ => tracing::error!(request_id, handler, status, code, error, "invocation failed"),
    }
}
