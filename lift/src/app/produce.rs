//! The body of an answer where it is wanted whole: it comes to its end, to a failure, or is too large.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
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

/// The response with all bytes of its body, of which there are at most so many.
///
/// # Errors
/// What has stopped the body, or `RESPONSE_TOO_LARGE`.
pub(super) async fn produced(response: Response, limit: usize) -> Result<http::Response<Bytes>, Failure> {
    let (parts, body) = response.into_parts();
    match whole(Limited::new(body, limit)).await {
        Ok(body) => Ok(http::Response::from_parts(parts, body)),
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

/// An answer to `HEAD`: the length of the body without the body.
pub(super) fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.entry(CONTENT_LENGTH).or_insert(length.into());
    }
    Response::from_parts(parts, Body::empty())
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
    let (parts, body) = produced(response, RESPONSE_LIMIT).await?.into_parts();
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
