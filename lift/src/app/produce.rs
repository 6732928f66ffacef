//! The body of an answer where it is wanted whole: it comes to its end, to a failure, or is too large.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::value::{RawValue, to_raw_value};

use super::invocation::failure;
use crate::body::whole;
use crate::error::{BoxError, Failure, NotCalled, Origin};
use crate::event::{RESPONSE_LIMIT, TooLarge};
use crate::handler::is_json;
use crate::layer::Stopped;

/// All bytes of a body, of which there are at most so many.
///
/// # Errors
/// What has stopped the body, or `RESPONSE_TOO_LARGE`.
pub(super) async fn produced(body: Body, limit: usize) -> Result<Bytes, Failure> {
    match whole(Limited::new(body, limit)).await {
        Ok(body) => Ok(body),
        Err(error) if error.is::<LengthLimitError>() => Err(TooLarge::body(limit).into()),
        Err(error) => Err(broken(error)),
    }
}

/// The response after its body has come to an end, which nobody reads; the failure of a body that does not.
pub(super) async fn drained(response: Response) -> Response {
    let (parts, mut body) = response.into_parts();
    while let Some(frame) = body.frame().await {
        if let Err(error) = frame {
            return broken(error.into()).into_response();
        }
    }
    Response::from_parts(parts, Body::empty())
}

/// The failure of a body that broke off.
fn broken(error: BoxError) -> Failure {
    let error = error.downcast::<axum_core::Error>().map_or_else(|error| error, |error| error.into_inner());
    let stopped = error.downcast().map_or_else(|error| Stopped::Broken(error.into()), |stopped| *stopped);
    failure(stopped, "the body of the answer")
}

/// What a request's method asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of an answer.
    Whole,
    /// The head of what `GET` would be answered: it has the length of the body that has been made.
    HeadOfGet,
    /// The answer of a handler of `HEAD`, which need not make any body.
    Head,
}

impl Asked {
    /// What is sent of an answer, on every host: no body to `HEAD`, and neither body nor length beside the statuses that
    /// have none (RFC 9110, sections 8.6, 9.3.2, 15.3.5, 15.3.6 and 15.4.5).
    pub(super) fn of(self, response: Response) -> Response {
        let bodiless = matches!(
            response.status(),
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
        );
        if self == Self::Whole && !bodiless {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        if bodiless {
            parts.headers.remove(CONTENT_LENGTH);
        } else if let Some(length) = body.size_hint().exact().filter(|length| self.tells(*length)) {
            parts.headers.entry(CONTENT_LENGTH).or_insert(length.into());
        }
        Response::from_parts(parts, Body::empty())
    }

    /// Whether the length of a body is that of what `GET` would be answered.
    fn tells(self, length: u64) -> bool {
        self == Self::HeadOfGet || length > 0
    }
}

/// The JSON of a response to a direct invoke: `null` for no body, a string for a text that is not JSON and does not say so.
pub(super) async fn json_answer(mut response: Response) -> Result<Box<RawValue>, Failure> {
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        return Err(failure);
    }
    let status = response.status();
    if response.extensions().get::<NotCalled>().is_some() {
        return Err(Failure::internal("REJECTED", format!("an argument's rejection answered {status}")));
    }
    let (parts, body) = response.into_parts();
    let body = produced(body, RESPONSE_LIMIT).await?;
    if status.as_u16() >= 400 {
        let failure = Failure::new(status, "FAILED").cause(String::from_utf8_lossy(&body).into_owned());
        return Err(failure.origin_is(Origin::Internal));
    }
    if body.is_empty() {
        return Ok(RawValue::NULL.to_owned());
    }
    let json = match serde_json::from_slice(&body) {
        Ok(json) => json,
        Err(error) if is_json(&parts.headers) => return Err(Failure::unwritable(&error)),
        Err(_) => match std::str::from_utf8(&body) {
            Ok(text) => to_raw_value(text).map_err(|error| Failure::unwritable(&error))?,
            Err(error) => {
                let cause = format!("the answer is neither JSON nor text: {error}");
                return Err(Failure::internal("RESPONSE_NOT_SERIALIZABLE", cause));
            }
        },
    };
    TooLarge::check(&json, RESPONSE_LIMIT)?;
    Ok(json)
}
