//! What an event is.

use std::borrow::Cow;
use std::fmt;

use axum_core::extract::Request;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::describe::foreign;
use super::encode::HttpSource;
use super::lenient::{Flag, LongText, Object, Pairs, Text, Texts};
use super::records::{RawRecords, Records};
use super::{RecordKind, request};

/// What an event is.
#[allow(clippy::large_enum_variant)] // one a call, taken apart at once
pub(crate) enum Decoded<'e> {
    /// An HTTP request, and how its answer is written.
    Http(Request, HttpSource),
    /// A message of a WebSocket API, and its route key.
    WebSocket(Request, Cow<'e, str>),
    /// Records of a queue, a stream or the like; at least one.
    Records(Records<'e>),
    /// `Records` is there and holds none.
    NoRecords,
    /// An HTTP request that is not well-formed, and why.
    BadHttp(String, HttpSource),
    /// Another event of AWS that is not well-formed, in words: `a batch of records, but …`.
    Bad(String),
    /// An event of AWS that lift has no trigger for, in words: it must not reach a handler of direct invokes, because
    /// an answer would count as done.
    Foreign(String),
    /// Any other JSON.
    Other,
    /// No JSON at all, and why.
    NotJson(String),
}

/// An event as far as lift reads it; every other key is skipped without being built. Of a key that comes twice the
/// last one counts.
#[derive(Default)]
pub(super) struct Event<'e> {
    pub(super) version: Text<'e>,
    pub(super) raw_path: Text<'e>,
    pub(super) raw_query_string: Text<'e>,
    pub(super) cookies: Texts<'e>,
    pub(super) headers: Headers<'e>,
    pub(super) context: RequestContext<'e>,
    pub(super) body: LongText<'e>,
    pub(super) is_base64_encoded: Flag,
    pub(super) http_method: Text<'e>,
    pub(super) path: Text<'e>,
    pub(super) multi_value_headers: Option<Pairs<'e>>,
    // Read only where nothing better says the same.
    pub(super) query: Option<&'e RawValue>,
    pub(super) multi_value_query: Option<&'e RawValue>,
    pub(super) records: Option<RawRecords<'e>>,
    pub(super) event_source: Text<'e>,
    /// An authorizer is asked about a request: its answer is no HTTP response.
    pub(super) asks_authorizer: Text<'e>,
    pub(super) id: Text<'e>,
    pub(super) source: Text<'e>,
    pub(super) detail_type: Text<'e>,
    pub(super) detail: Option<&'e RawValue>,
    pub(super) resources: Texts<'e>,
}

/// Headers, read at once where an event has them once; those of a REST API and of a load balancer come a second time.
#[derive(Default)]
pub(super) enum Headers<'e> {
    #[default]
    None,
    Read(Pairs<'e>),
    Raw(&'e RawValue),
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestContext<'e> {
    #[serde(borrow, default)]
    pub(super) stage: Text<'e>,
    #[serde(borrow, default)]
    pub(super) domain_name: Text<'e>,
    #[serde(borrow, default)]
    pub(super) http: Object<Http<'e>>,
    #[serde(default)]
    pub(super) elb: Option<IgnoredAny>,
    #[serde(borrow, default)]
    pub(super) connection_id: Text<'e>,
    #[serde(borrow, default)]
    pub(super) route_key: Text<'e>,
}

#[derive(Default, serde::Deserialize)]
pub(super) struct Http<'e> {
    #[serde(borrow, default)]
    pub(super) method: Text<'e>,
}

impl<'e, 'de: 'e> Deserialize<'de> for Event<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Event<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event<'de>, A::Error> {
                let mut event = Event::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match key.0.as_deref().unwrap_or_default() {
                        "version" => event.version = map.next_value()?,
                        "rawPath" => event.raw_path = map.next_value()?,
                        "rawQueryString" => event.raw_query_string = map.next_value()?,
                        "cookies" => event.cookies = map.next_value()?,
                        "headers" if event.http_method.0.is_some() => {
                            event.headers = Headers::Raw(map.next_value()?);
                        }
                        "headers" => event.headers = Headers::Read(map.next_value()?),
                        "requestContext" => {
                            event.context = map.next_value::<Object<_>>()?.0.unwrap_or_default();
                        }
                        "body" => event.body = map.next_value()?,
                        "isBase64Encoded" => event.is_base64_encoded = map.next_value()?,
                        "httpMethod" => event.http_method = map.next_value()?,
                        "path" => event.path = map.next_value()?,
                        "multiValueHeaders" => {
                            let pairs: Pairs<'de> = map.next_value()?;
                            event.multi_value_headers = Some(pairs).filter(|pairs| !pairs.0.is_empty());
                        }
                        "queryStringParameters" => event.query = Some(map.next_value()?),
                        "multiValueQueryStringParameters" => {
                            event.multi_value_query = Some(map.next_value()?)
                        }
                        "Records" => event.records = Some(map.next_value()?),
                        "methodArn" | "routeArn" => event.asks_authorizer = map.next_value()?,
                        "eventSource" => event.event_source = map.next_value()?,
                        "id" => event.id = map.next_value()?,
                        "source" => event.source = map.next_value()?,
                        "detail-type" => event.detail_type = map.next_value()?,
                        "detail" => event.detail = Some(map.next_value()?),
                        "resources" => event.resources = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(event)
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// Whether an event with this `eventSource` holds the records of a message broker, whose answer commits them.
fn from_a_broker(event_source: &str) -> bool {
    event_source.starts_with("aws:") || event_source == "SelfManagedKafka"
}

/// Reads an event.
pub(crate) fn decode(bytes: &Bytes) -> Decoded<'_> {
    // One check of all of it is cheaper than one for each text in it.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Decoded::NotJson(error.to_string()),
    };
    let event = match serde_json::from_str::<Event<'_>>(text) {
        Ok(event) => event,
        // Of another shape, and well-formed as far as that was seen.
        Err(error) if error.is_data() => {
            if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
                return Decoded::NotJson(error.to_string());
            }
            return match foreign(bytes) {
                Some(words) => Decoded::Bad(format!("{words}, but {error}")),
                None => Decoded::Other,
            };
        }
        Err(error) => return Decoded::NotJson(error.to_string()),
    };
    if let Some(records) = event.records {
        if records.is_empty() {
            return Decoded::NoRecords;
        }
        let made_by_aws = records.made_by_aws();
        return match records.read(bytes) {
            Ok(Some(records)) => Decoded::Records(records),
            Ok(None) => made_by_aws.map_or(Decoded::Other, Decoded::Foreign),
            Err(problem) => Decoded::Bad(problem),
        };
    }
    if event.asks_authorizer.0.is_some() {
        return Decoded::Other;
    }
    if event.context.connection_id.0.is_some()
        && let Some(route_key) = event.context.route_key.0.clone()
    {
        return match request::message(bytes, event) {
            Ok(request) => Decoded::WebSocket(request, route_key),
            Err(problem) => Decoded::BadHttp(problem, HttpSource::WebSocket),
        };
    }
    if let Some(source) = request::source(&event) {
        return match request::request(bytes, event, source) {
            Ok(request) => Decoded::Http(request, source),
            Err(problem) => Decoded::BadHttp(problem, source),
        };
    }
    if let (Some(source), Some(detail_type)) = (&event.source.0, &event.detail_type.0) {
        // A rule's schedule, and EventBridge Scheduler's own.
        let scheduled =
            detail_type == "Scheduled Event" && matches!(source.as_ref(), "aws.events" | "aws.scheduler");
        let kind = if scheduled { RecordKind::Schedule } else { RecordKind::EventBridge };
        return Decoded::Records(Records::one(kind, bytes, event));
    }
    if let Some(source) = event.event_source.0.filter(|source| from_a_broker(source)) {
        return Decoded::Foreign(format!("a batch of records from `{}`", source.escape_debug()));
    }
    let marked = event.http_method.0.is_some() || event.raw_path.0.is_some();
    match foreign(bytes) {
        Some(words) if marked => Decoded::Foreign(words),
        _ => Decoded::Other,
    }
}
#[cfg(test)]
mod tests {
    use http::Method;
    use http_body_util::BodyExt;

    use super::*;

    fn http(event: serde_json::Value) -> Request {
        match decode(&Bytes::from(event.to_string())) {
            Decoded::Http(request, HttpSource::HttpApi) => request,
            Decoded::BadHttp(why, _) => panic!("{why}"),
            _ => panic!("not HTTP"),
        }
    }

    fn event(path: &str, stage: &str) -> serde_json::Value {
        serde_json::json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "a=1&a=2&b=%20",
            "cookies": ["x=1", "y=2"],
            "headers": {"Content-Type": "application/json", "x-odd": "caf\u{e9}\n", "x-many": "1,2"},
            "requestContext": {"stage": stage, "http": {"method": "POST", "path": path}},
            "body": "{\"a\":\"\\n\"}",
            "isBase64Encoded": false,
        })
    }

    #[tokio::test]
    async fn a_request_keeps_everything_that_http_allows() {
        let request = http(event("/orders/7", "$default"));
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), "/orders/7?a=1&a=2&b=%20");
        assert_eq!(request.headers()["cookie"], "x=1; y=2");
        assert_eq!(request.headers()["x-many"], "1,2");
        assert!(!request.headers().contains_key("x-odd"));
        let body = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"a":"\n"}"#);
    }

    #[test]
    fn stages_are_taken_off_and_odd_paths_escaped() {
        for (path, stage, expected) in [
            ("/prod/orders", "prod", "/orders?"),
            ("/prod", "prod", "/?"),
            ("/production/orders", "prod", "/production/orders?"),
            ("/prod/orders", "$default", "/prod/orders?"),
            ("/a b/ü%20", "$default", "/a%20b/%C3%BC%20?"),
            ("", "$default", "/?"),
        ] {
            let request = http(event(path, stage));
            assert!(request.uri().to_string().starts_with(expected), "{path}: {}", request.uri());
        }
    }

    #[tokio::test]
    async fn bodies_are_absent_text_or_base64() {
        for (body, base64, expected) in [
            (serde_json::Value::Null, false, &b""[..]),
            ("\u{1F980}".into(), false, "\u{1F980}".as_bytes()),
            ("/wA=".into(), true, &[0xff, 0]),
        ] {
            let mut event = event("/", "$default");
            event["body"] = body;
            event["isBase64Encoded"] = base64.into();
            let body = http(event).into_body().collect().await.unwrap().to_bytes();
            assert_eq!(&body[..], expected);
        }
        let mut event = event("/", "$default");
        event["isBase64Encoded"] = true.into();
        assert!(matches!(decode(&Bytes::from(event.to_string())), Decoded::BadHttp(..)));
    }

    #[test]
    fn anything_else_is_other_and_nothing_panics() {
        for text in
            ["null", "[]", "{}", "{\"rawPath\":1}", "{\"rawPath\":\"/\"}", "\"x\"", "{\"headers\":[1]}"]
        {
            assert!(matches!(decode(&Bytes::from(text)), Decoded::Other), "{text}");
        }
        for text in ["", "{", "not json", "{} {}"] {
            assert!(matches!(decode(&Bytes::from(text)), Decoded::NotJson(_)), "{text}");
        }
    }

    #[test]
    fn events_of_aws_are_never_taken_for_something_else() {
        for (text, words) in [
            (r#"{"Records":[{"eventSource":"aws:ses"}]}"#, "aws:ses"),
            (r#"{"Records":[{},{"eventSource":"aws:ses","x":1e999}]}"#, "aws:ses"),
            (r#"{"eventSource":"aws:kafka","records":{}}"#, "aws:kafka"),
            (r#"{"eventSource":"SelfManagedKafka","records":{}}"#, "SelfManagedKafka"),
            (r#"{"httpMethod":"GET","requestContext":{"stage":"prod"}}"#, "payload 1.0"),
            (r#"{"httpMethod":"GET","path":"/","requestContext":{"connectionId":"b"}}"#, "WebSocket"),
        ] {
            let bytes = Bytes::from(text);
            let Decoded::Foreign(told) = decode(&bytes) else { panic!("{text}") };
            assert!(told.contains(words), "{told}");
        }
        assert!(matches!(decode(&Bytes::from(r#"{"Records":[{"title":"Blue"}]}"#)), Decoded::Other));
        assert!(matches!(decode(&Bytes::from(r#"{"Records":[]}"#)), Decoded::NoRecords));
    }
}
