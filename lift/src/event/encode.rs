use std::collections::BTreeMap;

use axum_core::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, SET_COOKIE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;

use super::BODY_LIMIT;

/// Where an HTTP request comes from, which settles how its answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpSource {
    /// API Gateway HTTP API, payload 2.0.
    HttpApi,
    /// A function URL, whose events and answers are those of an HTTP API; it can pass an answer on bit by bit.
    FunctionUrl,
    /// API Gateway REST API, or an HTTP API with payload 1.0.
    RestApi,
    /// An Application Load Balancer.
    LoadBalancer {
        /// Its target group has multi-value headers switched on.
        multi_value: bool,
    },
    /// API Gateway WebSocket API.
    WebSocket,
}

/// The answer to an HTTP event, with the keys that its source reads.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpAnswer {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<String>>,
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

/// Writes a response the way its source reads it.
pub(crate) async fn encode(response: Response, source: HttpSource) -> Result<HttpAnswer, Unencodable> {
    let (parts, body) = response.into_parts();
    let texts = texts(&parts.headers)?;
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { Unencodable::TooLarge } else { Unencodable::Body(error) }
    })?;
    let body: Vec<u8> = body.to_bytes().into();
    let (body, is_base64_encoded) = match String::from_utf8(body) {
        Ok(text) if is_text(&parts.headers) => (text, false),
        Ok(text) => (BASE64_STANDARD.encode(text), true),
        Err(binary) => (BASE64_STANDARD.encode(binary.as_bytes()), true),
    };
    let answer =
        HttpAnswer { status_code: parts.status.as_u16(), body, is_base64_encoded, ..HttpAnswer::default() };
    let reason = parts.status.canonical_reason().unwrap_or("-");
    let description = || Some(format!("{} {reason}", parts.status.as_str()));
    Ok(match source {
        HttpSource::HttpApi | HttpSource::FunctionUrl => {
            let (headers, cookies) = joined(&texts);
            // Cookies are always there: readers of this format may insist on them.
            HttpAnswer { headers: Some(headers), cookies: Some(cookies), ..answer }
        }
        HttpSource::WebSocket => HttpAnswer { headers: Some(joined(&texts).0), ..answer },
        HttpSource::RestApi => HttpAnswer { multi_value_headers: Some(many(&texts)), ..answer },
        HttpSource::LoadBalancer { multi_value: true } => HttpAnswer {
            status_description: description(),
            multi_value_headers: Some(many(&texts)),
            ..answer
        },
        HttpSource::LoadBalancer { multi_value: false } => {
            let (mut headers, cookies) = joined(&texts);
            headers.extend(spellings(SET_COOKIE.as_str()).zip(cookies));
            HttpAnswer { status_description: description(), headers: Some(headers), ..answer }
        }
    })
}

type Texts<'h> = Vec<(&'h str, &'h str)>;

fn texts(headers: &HeaderMap) -> Result<Texts<'_>, Unencodable> {
    headers
        .iter()
        .map(|(name, value)| match std::str::from_utf8(value.as_bytes()) {
            Ok(value) => Ok((name.as_str(), value)),
            Err(_) => Err(Unencodable::Header(name.to_string())),
        })
        .collect()
}

/// Repeated headers are joined by a comma; cookies stand apart, because they cannot be joined.
fn joined(texts: &Texts<'_>) -> (BTreeMap<String, String>, Vec<String>) {
    let (mut joined, mut cookies) = (BTreeMap::<String, String>::new(), Vec::new());
    for &(name, value) in texts {
        if name == SET_COOKIE {
            cookies.push(value.to_owned());
        } else if let Some(text) = joined.get_mut(name) {
            text.push(',');
            text.push_str(value);
        } else {
            joined.insert(name.to_owned(), value.to_owned());
        }
    }
    (joined, cookies)
}

fn many(texts: &Texts<'_>) -> BTreeMap<String, Vec<String>> {
    let mut many = BTreeMap::<String, Vec<String>>::new();
    for &(name, value) in texts {
        many.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    many
}

/// One name in every mixture of capitals and small letters: a map that has each name once can hold it so often, and
/// names mean the same in all of them.
fn spellings(name: &str) -> impl Iterator<Item = String> {
    let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
    (0..1_u64 << letters.min(20)).map(move |capitals| {
        let mut letter = 0;
        name.chars()
            .map(|c| {
                let capital = c.is_ascii_alphabetic() && capitals & (1 << letter) != 0;
                letter += u32::from(c.is_ascii_alphabetic());
                if capital { c.to_ascii_uppercase() } else { c }
            })
            .collect()
    })
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
    use http::HeaderValue;

    use super::*;
    use axum_core::body::Body;

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
            let answer = encode(response(kind, body.to_vec()), HttpSource::HttpApi).await.unwrap();
            assert_eq!((answer.body.as_str(), answer.is_base64_encoded), (expected, base64), "{kind:?}");
        }
    }

    #[tokio::test]
    async fn cookies_stand_apart_and_repeated_headers_are_joined() {
        let mut repeated = response(None, "");
        for (name, value) in [("set-cookie", "a=1"), ("vary", "a"), ("set-cookie", "b=2, 3"), ("vary", "b")] {
            repeated.headers_mut().append(name, HeaderValue::from_static(value));
        }
        let answer = encode(repeated, HttpSource::HttpApi).await.unwrap();
        assert_eq!(answer.cookies.unwrap(), ["a=1", "b=2, 3"]);
        assert_eq!(answer.headers.unwrap()["vary"], "a,b");
    }

    #[tokio::test]
    async fn what_lambda_cannot_pass_is_told() {
        let mut odd = response(None, "");
        odd.headers_mut().insert("x-odd", HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(
            encode(odd, HttpSource::HttpApi).await.unwrap_err().to_string().contains("`x-odd` is not UTF-8")
        );
        let large = response(None, vec![b'x'; BODY_LIMIT + 1]);
        assert_eq!(encode(large, HttpSource::HttpApi).await.unwrap_err().code(), "RESPONSE_TOO_LARGE");
    }
}
