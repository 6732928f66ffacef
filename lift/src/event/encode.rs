//! Answers to HTTP events.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_ENCODING, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::error::Failure;

/// The largest answer that Lambda takes: 6 MB and a little for what stands around it, as its own error says.
pub(crate) const RESPONSE_LIMIT: usize = 6 * 1024 * 1024 + 100;

/// The largest answer that a load balancer takes: 1 MB of JSON.
const LOAD_BALANCER_LIMIT: usize = 1024 * 1024;

/// The largest message of a WebSocket API: 128 KB, counted of the body alone.
const WEB_SOCKET_LIMIT: usize = 128 * 1024;

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

/// The answer to an HTTP event, written with the keys that its source reads.
struct HttpAnswer<'a> {
    source: HttpSource,
    /// Each value of a header is UTF-8.
    head: &'a Parts,
    /// `None` when it follows by itself.
    body: Option<WrittenBody>,
}

/// A body as JSON can hold it.
struct WrittenBody {
    text: String,
    is_base64: bool,
}

/// The value of a response header is no text, and JSON has nothing else.
#[derive(Debug, thiserror::Error)]
#[error("the value of response header `{0}` is not UTF-8, which Lambda cannot pass on")]
pub(crate) struct HeaderNotUtf8(String);

/// An answer is larger than its reader takes.
#[derive(Debug, thiserror::Error)]
#[error("the {part} is larger than the {limit} bytes that its reader takes")]
pub(crate) struct TooLarge {
    part: &'static str,
    limit: usize,
}

impl TooLarge {
    /// Compares what is sent, byte by byte, with what its reader takes.
    pub(crate) fn check(answer: &RawValue, limit: usize) -> Result<(), Self> {
        if answer.get().len() > limit { Err(Self { part: "answer as JSON", limit }) } else { Ok(()) }
    }

    /// A body that is longer than all of the answer may be.
    pub(crate) fn body(limit: usize) -> Self {
        Self { part: "body of the answer", limit }
    }
}

impl From<TooLarge> for Failure {
    fn from(error: TooLarge) -> Self {
        Self::internal("RESPONSE_TOO_LARGE", error)
    }
}

impl HttpSource {
    /// How large an answer may be, as JSON with everything around the body.
    fn response_limit(self) -> usize {
        match self {
            Self::LoadBalancer { .. } => LOAD_BALANCER_LIMIT,
            _ => RESPONSE_LIMIT,
        }
    }

    /// How large the body of an answer may be, as it is written.
    pub(crate) fn body_limit(self) -> usize {
        match self {
            Self::WebSocket => WEB_SOCKET_LIMIT,
            _ => self.response_limit(),
        }
    }
}

/// Makes of a response what its source reads, once.
///
/// # Errors
/// `RESPONSE_HEADER_NOT_UTF8` and `RESPONSE_TOO_LARGE`: Lambda could not pass it on.
pub(crate) fn encode(head: &mut Parts, body: Bytes, source: HttpSource) -> Result<Box<RawValue>, Failure> {
    let body = WrittenBody::of(body, &head.headers);
    if body.text.len() > source.body_limit() {
        return Err(TooLarge::body(source.body_limit()).into());
    }
    write(head, Some(body), source)
}

/// The head of an answer whose body follows bit by bit, as a function URL reads it before that.
///
/// # Errors
/// As [`encode`].
pub(crate) fn encode_head(head: &mut Parts) -> Result<Box<RawValue>, Failure> {
    write(head, None, HttpSource::FunctionUrl)
}

fn write(head: &mut Parts, body: Option<WrittenBody>, source: HttpSource) -> Result<Box<RawValue>, Failure> {
    without_hop_by_hop(&mut head.headers);
    let odd = head.headers.iter().find(|(_, value)| std::str::from_utf8(value.as_bytes()).is_err());
    if let Some((name, _)) = odd {
        return Err(Failure::internal("RESPONSE_HEADER_NOT_UTF8", HeaderNotUtf8(name.to_string())));
    }
    let answer = HttpAnswer { source, head, body };
    let answer = to_raw_value(&answer).map_err(|error| Failure::unwritable(&error))?;
    TooLarge::check(&answer, source.response_limit())?;
    Ok(answer)
}

impl WrittenBody {
    /// What is UTF-8 is text, whatever its type says: it is shorter so, and a REST API decodes base64 only for the types that
    /// it is told to. What was encoded once more may be UTF-8 by chance alone.
    fn of(body: Bytes, headers: &HeaderMap) -> Self {
        let base64 = |bytes: &[u8]| Self { text: BASE64_STANDARD.encode(bytes), is_base64: true };
        if headers.contains_key(CONTENT_ENCODING) {
            return base64(&body);
        }
        match String::from_utf8(body.into()) {
            Ok(text) => Self { text, is_base64: false },
            Err(binary) => base64(binary.as_bytes()),
        }
    }
}

impl Serialize for HttpAnswer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (status, headers) = (self.head.status, &self.head.headers);
        let mut answer = serializer.serialize_map(None)?;
        answer.serialize_entry("statusCode", &status.as_u16())?;
        if matches!(self.source, HttpSource::LoadBalancer { .. }) {
            let reason = status.canonical_reason().unwrap_or("-");
            answer.serialize_entry("statusDescription", &format_args!("{} {reason}", status.as_str()))?;
        }
        match self.source {
            HttpSource::HttpApi | HttpSource::FunctionUrl => {
                answer.serialize_entry("headers", &Joined { headers, cookies: false })?;
                // They are always there: readers of this format may insist on them.
                answer.serialize_entry("cookies", &Values(headers, &SET_COOKIE))?;
            }
            HttpSource::WebSocket => {
                answer.serialize_entry("headers", &Joined { headers, cookies: false })?;
            }
            HttpSource::RestApi | HttpSource::LoadBalancer { multi_value: true } => {
                answer.serialize_entry("multiValueHeaders", &Many(headers))?;
            }
            HttpSource::LoadBalancer { multi_value: false } => {
                answer.serialize_entry("headers", &Joined { headers, cookies: true })?;
            }
        }
        if let Some(body) = &self.body {
            answer.serialize_entry("body", &body.text)?;
            answer.serialize_entry("isBase64Encoded", &body.is_base64)?;
        }
        answer.end()
    }
}

/// Headers of one connection (RFC 9110, 7.6.1), which is not the handler's here.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Takes out what a gateway must not pass on: the headers of a connection, and those that `connection` names.
fn without_hop_by_hop(headers: &mut HeaderMap) {
    // A look at the few that are there costs less than a search for each that might be.
    if !headers.keys().any(|name| HOP_BY_HOP.contains(name)) {
        return;
    }
    let named =
        headers.get_all(CONNECTION).iter().flat_map(|names| names.as_bytes().split(|byte| *byte == b','));
    let named: Vec<HeaderName> =
        named.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok()).collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

fn text(value: &HeaderValue) -> &str {
    std::str::from_utf8(value.as_bytes()).unwrap_or_default()
}

/// Repeated headers joined by a comma. Cookies cannot be joined: they stand apart, or under their name in so many
/// spellings.
struct Joined<'h> {
    headers: &'h HeaderMap,
    cookies: bool,
}

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut joined = serializer.serialize_map(None)?;
        for name in self.headers.keys().filter(|name| *name != SET_COOKIE) {
            let mut values = self.headers.get_all(name).iter().map(text);
            let first = values.next().unwrap_or_default();
            match values.next() {
                None => joined.serialize_entry(name.as_str(), first)?,
                Some(second) => {
                    let all: Vec<&str> = [first, second].into_iter().chain(values).collect();
                    joined.serialize_entry(name.as_str(), &all.join(","))?;
                }
            }
        }
        if self.cookies {
            let cookies = self.headers.get_all(SET_COOKIE).iter().map(text);
            for (name, cookie) in spellings(SET_COOKIE.as_str()).zip(cookies) {
                joined.serialize_entry(&name, cookie)?;
            }
        }
        joined.end()
    }
}

/// Each name with all its values.
struct Many<'h>(&'h HeaderMap);

impl Serialize for Many<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.keys().map(|name| (name.as_str(), Values(self.0, name))))
    }
}

/// All values of one name.
struct Values<'h>(&'h HeaderMap, &'h HeaderName);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.get_all(self.1).iter().map(text))
    }
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

#[cfg(test)]
mod tests {
    use http::Response;
    use http::header::CONTENT_TYPE;

    use super::*;

    fn encode(response: Response<Bytes>, source: HttpSource) -> Result<Box<RawValue>, Failure> {
        let (mut head, body) = response.into_parts();
        super::encode(&mut head, body, source)
    }

    fn response(kind: Option<&'static str>, body: impl Into<Bytes>) -> Response<Bytes> {
        let mut response = Response::new(body.into());
        if let Some(kind) = kind {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_bytes(kind.as_bytes()).unwrap());
        }
        response
    }

    fn answer(response: Response<Bytes>) -> serde_json::Value {
        let answer = encode(response, HttpSource::HttpApi).unwrap();
        serde_json::from_str(answer.get()).unwrap()
    }

    #[test]
    fn what_is_utf_8_is_text_whatever_its_type_says_and_the_rest_is_base64() {
        for (kind, body, expected, base64) in [
            (Some("application/problem+json"), &b"{}"[..], "{}", false),
            (Some("text/plain; charset=utf-8"), "ü".as_bytes(), "ü", false),
            (None, b"x", "x", false),
            (Some("image/png"), b"x", "x", false),
            (Some("image/svg"), b"<svg/>", "<svg/>", false),
            (Some("application/yaml"), "a: ü\n".as_bytes(), "a: ü\n", false),
            (Some("application/x-ndjson"), b"{}\n{}\n", "{}\n{}\n", false),
            (Some("application/graphql"), b"{a}", "{a}", false),
            (Some("application/octet-stream"), b"\0a", "\0a", false),
            (Some("\u{fc}"), b"x", "x", false),
            (Some("text/plain"), b"\xff", "/w==", true),
            (Some("text/plain; charset=iso-8859-1"), b"\xfc", "/A==", true),
        ] {
            let answer = answer(response(kind, body.to_vec()));
            assert_eq!(
                (&answer["body"], &answer["isBase64Encoded"]),
                (&expected.into(), &base64.into()),
                "{kind:?}"
            );
        }
        for encoding in ["gzip", "br", "identity", ""] {
            let mut encoded = response(Some("text/plain"), "x");
            encoded.headers_mut().insert(CONTENT_ENCODING, encoding.parse().unwrap());
            let answer = answer(encoded);
            assert_eq!((&answer["body"], &answer["isBase64Encoded"]), (&"eA==".into(), &true.into()));
        }
    }

    #[test]
    fn cookies_stand_apart_and_repeated_headers_are_joined() {
        let mut repeated = response(None, "");
        for (name, value) in [("set-cookie", "a=1"), ("vary", "a"), ("set-cookie", "b=2, 3"), ("vary", "b")] {
            repeated.headers_mut().append(name, HeaderValue::from_static(value));
        }
        let answer = answer(repeated);
        assert_eq!(answer["cookies"], serde_json::json!(["a=1", "b=2, 3"]));
        assert_eq!(answer["headers"], serde_json::json!({"vary": "a,b"}));
    }

    #[test]
    fn what_lambda_cannot_pass_is_told() {
        let mut odd = response(None, "");
        odd.headers_mut().insert("x-odd", HeaderValue::from_bytes(b"\xff").unwrap());
        let failure = encode(odd, HttpSource::HttpApi).unwrap_err();
        assert!(failure.chain().unwrap().contains("`x-odd` is not UTF-8"));
        assert_eq!(failure.code(), "RESPONSE_HEADER_NOT_UTF8");
    }

    /// To the byte, whatever the body costs in JSON.
    #[test]
    fn an_answer_is_measured_as_its_source_reads_it() {
        for (source, limit) in [
            (HttpSource::HttpApi, 6_291_556),
            (HttpSource::FunctionUrl, 6_291_556),
            (HttpSource::RestApi, 6_291_556),
            (HttpSource::LoadBalancer { multi_value: false }, 1_048_576),
            (HttpSource::LoadBalancer { multi_value: true }, 1_048_576),
        ] {
            for (byte, cost) in [("x", 1), ("\"", 2), ("\u{1}", 6)] {
                let around = encode(response(Some("text/plain"), ""), source).unwrap().get().len();
                let most = (limit - around) / cost;
                let fits = encode(response(Some("text/plain"), byte.repeat(most)), source).unwrap();
                assert!(fits.get().len() <= limit && fits.get().len() + cost > limit, "{source:?} {byte:?}");
                let above = encode(response(Some("text/plain"), byte.repeat(most + 1)), source).unwrap_err();
                assert_eq!(above.code(), "RESPONSE_TOO_LARGE", "{source:?} {byte:?}");
            }
        }
    }

    /// Of its body alone, whatever that costs in JSON; and in base64 when it is sent so.
    #[test]
    fn a_message_of_a_web_socket_has_at_most_128_kb() {
        for (byte, most) in [("x", 131_072), ("\"", 131_072), ("\u{1}", 131_072), ("\u{fc}", 65_536)] {
            encode(response(None, byte.repeat(most)), HttpSource::WebSocket).unwrap();
            let above = encode(response(None, byte.repeat(most + 1)), HttpSource::WebSocket).unwrap_err();
            assert_eq!(above.code(), "RESPONSE_TOO_LARGE", "{byte:?}");
        }
        encode(response(None, vec![0xff; 98_304]), HttpSource::WebSocket).unwrap();
        let above = encode(response(None, vec![0xff; 98_305]), HttpSource::WebSocket).unwrap_err();
        assert_eq!(
            above.chain().unwrap(),
            "the body of the answer is larger than the 131072 bytes that its reader takes"
        );
    }

    #[test]
    fn headers_of_a_connection_are_not_passed_on() {
        for source in
            [HttpSource::HttpApi, HttpSource::RestApi, HttpSource::LoadBalancer { multi_value: false }]
        {
            let mut odd = response(None, "");
            for (name, value) in [
                ("connection", "close, X-Hop"),
                ("connection", "x-other,\u{fc}"),
                ("x-hop", "1"),
                ("x-other", "1"),
                ("x-end", "1"),
                ("keep-alive", "timeout=5"),
                ("proxy-connection", "close"),
                ("te", "trailers"),
                ("trailer", "x-end"),
                ("transfer-encoding", "chunked"),
                ("upgrade", "h2c"),
            ] {
                odd.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let answer = encode(odd, source).unwrap();
            let answer: serde_json::Value = serde_json::from_str(answer.get()).unwrap();
            let headers = answer.get("headers").or(answer.get("multiValueHeaders")).unwrap();
            assert_eq!(headers.as_object().unwrap().keys().collect::<Vec<_>>(), ["x-end"], "{source:?}");
        }
    }

    #[test]
    fn every_spelling_of_a_name_is_another_one() {
        let all: Vec<String> = spellings("set-cookie").collect();
        assert_eq!(all.first().map(String::as_str), Some("set-cookie"));
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 1 << 9);
        assert!(all.iter().all(|name| name.eq_ignore_ascii_case("set-cookie")));
    }

    #[test]
    fn an_answer_of_exactly_the_limit_is_passed_on() {
        let answer = to_raw_value("four").unwrap();
        assert!(TooLarge::check(&answer, 6).is_ok());
        assert!(TooLarge::check(&answer, 5).is_err());
    }

    #[test]
    fn a_load_balancer_takes_less_than_the_others() {
        let sources =
            [HttpSource::HttpApi, HttpSource::FunctionUrl, HttpSource::RestApi, HttpSource::WebSocket];
        assert!(sources.iter().all(|source| source.response_limit() == RESPONSE_LIMIT));
        for multi_value in [false, true] {
            assert_eq!(HttpSource::LoadBalancer { multi_value }.response_limit(), LOAD_BALANCER_LIMIT);
        }
        assert_eq!((RESPONSE_LIMIT, LOAD_BALANCER_LIMIT), (6_291_556, 1_048_576));
    }
}
