use std::collections::BTreeMap;

use axum_core::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, SET_COOKIE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;

use super::BODY_LIMIT;

/// The answer to an HTTP event (payload 2.0).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpAnswer {
    status_code: u16,
    headers: BTreeMap<String, String>,
    // Always there: readers of this format may insist on it.
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

/// Why a response cannot be passed through Lambda.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unencodable {
    #[error("the value of response header `{0}` is not UTF-8, which Lambda cannot pass on")]
    Header(String),
    #[error("the response body is larger than Lambda's limit of 6 MB")]
    TooLarge,
    #[error("the response body broke off")]
    Body(#[source] crate::error::BoxError),
}

impl Unencodable {
    /// The stable code of the failure.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Header(_) => "RESPONSE_HEADER_NOT_UTF8",
            Self::TooLarge => "RESPONSE_TOO_LARGE",
            Self::Body(_) => "RESPONSE_BODY_BROKEN",
        }
    }
}

/// Writes a response the way API Gateway and function URLs read it.
pub(crate) async fn encode(response: Response) -> Result<HttpAnswer, Unencodable> {
    let (parts, body) = response.into_parts();
    let (headers, cookies) = texts(&parts.headers)?;
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { Unencodable::TooLarge } else { Unencodable::Body(error) }
    })?;
    let body: Vec<u8> = body.to_bytes().into();
    let (body, is_base64_encoded) = match String::from_utf8(body) {
        Ok(text) if is_text(&parts.headers) => (text, false),
        Ok(text) => (BASE64_STANDARD.encode(text), true),
        Err(binary) => (BASE64_STANDARD.encode(binary.as_bytes()), true),
    };
    Ok(HttpAnswer { status_code: parts.status.as_u16(), headers, cookies, body, is_base64_encoded })
}

type Texts = (BTreeMap<String, String>, Vec<String>);

/// Repeated headers are joined by a comma; cookies stand apart, because they cannot be joined.
fn texts(headers: &HeaderMap) -> Result<Texts, Unencodable> {
    let (mut joined, mut cookies) = (BTreeMap::<String, String>::new(), Vec::new());
    for (name, value) in headers {
        let Ok(value) = std::str::from_utf8(value.as_bytes()) else {
            return Err(Unencodable::Header(name.to_string()));
        };
        if name == SET_COOKIE {
            cookies.push(value.to_owned());
        } else if let Some(text) = joined.get_mut(name.as_str()) {
            text.push(',');
            text.push_str(value);
        } else {
            joined.insert(name.to_string(), value.to_owned());
        }
    }
    Ok((joined, cookies))
}

/// Whether a body that is UTF-8 is meant to be read as text.
fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(CONTENT_ENCODING) {
        return false;
    }
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else { return true };
    let kind = kind.split(';').next().unwrap_or(kind).trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(
            kind.as_str(),
            "application/json"
                | "application/xml"
                | "application/javascript"
                | "application/x-www-form-urlencoded"
        )
}

#[cfg(test)]
mod tests {
    use axum_core::body::Body;
    use http::HeaderValue;

    use super::*;

    fn response(kind: Option<&'static str>, body: impl Into<Body>) -> Response {
        let mut response = Response::new(body.into());
        if let Some(kind) = kind {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        response
    }

    #[tokio::test]
    async fn text_stays_text_and_the_rest_is_base64() {
        for (kind, body, expected, base64) in [
            (Some("application/problem+json"), &b"{}"[..], "{}", false),
            (Some("text/plain; charset=utf-8"), "ü".as_bytes(), "ü", false),
            (None, b"x", "x", false),
            (Some("image/png"), b"x", "eA==", true),
            (Some("text/plain"), b"\xff", "/w==", true),
        ] {
            let answer = encode(response(kind, body.to_vec())).await.unwrap();
            assert_eq!((answer.body.as_str(), answer.is_base64_encoded), (expected, base64), "{kind:?}");
        }
    }

    #[tokio::test]
    async fn cookies_stand_apart_and_repeated_headers_are_joined() {
        let mut repeated = response(None, "");
        for (name, value) in [("set-cookie", "a=1"), ("vary", "a"), ("set-cookie", "b=2, 3"), ("vary", "b")] {
            repeated.headers_mut().append(name, HeaderValue::from_static(value));
        }
        let answer = encode(repeated).await.unwrap();
        assert_eq!(answer.cookies, ["a=1", "b=2, 3"]);
        assert_eq!(answer.headers["vary"], "a,b");
    }

    #[tokio::test]
    async fn what_lambda_cannot_pass_is_told() {
        let mut odd = response(None, "");
        odd.headers_mut().insert("x-odd", HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(encode(odd).await.unwrap_err().to_string().contains("`x-odd` is not UTF-8"));
        let large = response(None, vec![b'x'; BODY_LIMIT + 1]);
        assert_eq!(encode(large).await.unwrap_err().code(), "RESPONSE_TOO_LARGE");
    }
}
