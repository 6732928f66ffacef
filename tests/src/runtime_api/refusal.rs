use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

/// What the double's endpoints send.
pub(super) type Reply = Response<Full<Bytes>>;

/// Lambda's answer to a request that it does not accept.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> Self {
        Self { status, error_type, message: message.into() }
    }

    /// The request does not fit where the function is in its life.
    pub(super) fn state(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "InvalidStateTransition", message)
    }

    /// No invocation that waits for an answer has this id.
    pub(super) fn request_id(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestID", message)
    }

    /// The deadline has passed.
    pub(super) fn too_late(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "InvokeTimeout", message)
    }

    /// The body is above the limit.
    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    /// Headers or body are not as documented.
    pub(super) fn format(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestFormat", message)
    }

    /// An extension did something wrong.
    pub(super) fn extension(error_type: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, error_type, message)
    }

    /// There is no such endpoint.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// In one line, for people.
    pub(super) fn words(&self) -> String {
        format!("{} {}: {}", self.status.as_u16(), self.error_type, self.message)
    }

    pub(super) fn reply(&self) -> Reply {
        let body = json!({"errorMessage": self.message, "errorType": self.error_type});
        json_reply(self.status, body.to_string())
    }
}

/// Lambda's answer to a request that it accepts.
pub(super) fn accepted() -> Reply {
    json_reply(StatusCode::ACCEPTED, json!({"status": "OK"}).to_string())
}

pub(super) fn json_reply(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    reply
}
