//! What an event is.

use std::borrow::Cow;

use axum_core::extract::Request;
use bytes::Bytes;
use memchr::memmem;
use serde::de::IgnoredAny;

use super::encode::HttpSource;
use super::foreign::{foreign, is_mark};
use super::records::{RawRecords, Records};
use super::request::NoRequest;
use super::scan::{LEVELS, Malformed, Pairs, Scan, Scanned};
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
    /// The last call of a tumbling window, without records: the ARN of its stream.
    EndOfWindow(Cow<'e, str>),
    /// An HTTP request that is not well-formed: why, and what of it can be read.
    BadHttp(String, Request, HttpSource),
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
    pub(super) cookies: Vec<Cow<'e, str>>,
    pub(super) headers: Headers<'e>,
    pub(super) context: RequestContext<'e>,
    pub(super) body: Text<'e>,
    pub(super) is_base64_encoded: Option<bool>,
    pub(super) http_method: Text<'e>,
    pub(super) path: Text<'e>,
    pub(super) multi_value_headers: Option<Pairs<'e>>,
    // Read only where nothing better says the same.
    pub(super) query: Option<&'e str>,
    pub(super) multi_value_query: Option<&'e str>,
    pub(super) records: Option<RawRecords<'e>>,
    pub(super) event_source: Text<'e>,
    /// An authorizer is asked about a request: its answer is no HTTP response.
    pub(super) asks_authorizer: Text<'e>,
    /// It may be an event of AWS that lift has no trigger for.
    pub(super) is_marked: bool,
    pub(super) id: Text<'e>,
    pub(super) source: Text<'e>,
    pub(super) detail_type: Text<'e>,
    pub(super) detail: Option<&'e str>,
    pub(super) resources: Vec<Cow<'e, str>>,
    /// It is of a tumbling window.
    pub(super) is_window: bool,
    /// Whether that window has come to its end, where it says so.
    pub(super) is_final: Option<bool>,
    pub(super) source_arn: Text<'e>,
}

/// Text that borrows from the event where no escape forbids it.
type Text<'e> = Option<Cow<'e, str>>;

/// Headers, read at once where an event has them once; those of a REST API and of a load balancer come a second time.
#[derive(Default)]
pub(super) enum Headers<'e> {
    #[default]
    None,
    Read(Pairs<'e>),
    Raw(&'e str),
}

#[derive(Default)]
pub(super) struct RequestContext<'e> {
    /// There is one, and it is an object.
    pub(super) is_there: bool,
    pub(super) stage: Text<'e>,
    pub(super) domain_name: Text<'e>,
    pub(super) api_id: Text<'e>,
    /// It has a key `http`.
    pub(super) http: bool,
    pub(super) method: Text<'e>,
    pub(super) elb: bool,
    pub(super) lattice: bool,
    pub(super) connection_id: Text<'e>,
    pub(super) route_key: Text<'e>,
}

impl<'e> Event<'e> {
    /// Reads it; `None` when the JSON is no object.
    pub(super) fn read(text: &'e str) -> Scanned<Option<Self>> {
        let mut event = Self::default();
        let mut scan = Scan::new(text);
        let is_object = scan.object(|scan, key| {
            match &*key {
                "version" => event.version = scan.text()?,
                "rawPath" => event.raw_path = scan.text()?,
                "rawQueryString" => event.raw_query_string = scan.text()?,
                "cookies" => event.cookies = scan.texts()?,
                "headers" if event.http_method.is_some() => event.headers = Headers::Raw(scan.raw()?),
                "headers" => event.headers = Headers::Read(scan.pairs()?),
                "requestContext" => event.context = RequestContext::read(scan)?,
                "body" => event.body = scan.text()?,
                "isBase64Encoded" => event.is_base64_encoded = scan.flag()?,
                "httpMethod" => event.http_method = scan.text()?,
                "path" => event.path = scan.text()?,
                "multiValueHeaders" => {
                    event.multi_value_headers = Some(scan.pairs()?).filter(|pairs| !pairs.is_empty());
                }
                "queryStringParameters" => event.query = Some(scan.raw()?),
                "multiValueQueryStringParameters" => event.multi_value_query = Some(scan.raw()?),
                "Records" => event.records = RawRecords::read(scan)?,
                "methodArn" | "routeArn" => event.asks_authorizer = scan.text()?,
                "eventSource" => event.event_source = scan.text()?,
                "window" => event.is_window = scan.raw()?.starts_with('{'),
                "isFinalInvokeForWindow" => event.is_final = scan.flag()?,
                "eventSourceARN" => event.source_arn = scan.text()?,
                "id" => event.id = scan.text()?,
                "source" => event.source = scan.text()?,
                "detail-type" => event.detail_type = scan.text()?,
                "detail" => event.detail = Some(scan.raw()?),
                "resources" => event.resources = scan.texts()?,
                // The others of HTTP requests need no look at the marks.
                "routeKey" | "pathParameters" | "stageVariables" | "resource" => scan.skip()?,
                _ => {
                    event.is_marked |= is_mark(&key);
                    scan.skip()?;
                }
            }
            Ok(())
        })?;
        scan.end()?;
        Ok(is_object.then_some(event))
    }
}

impl<'e> RequestContext<'e> {
    fn read(scan: &mut Scan<'e>) -> Scanned<Self> {
        let mut context = Self::default();
        let is_there = scan.object(|scan, key| {
            match &*key {
                "stage" => context.stage = scan.text()?,
                "domainName" => context.domain_name = scan.text()?,
                "apiId" => context.api_id = scan.text()?,
                "http" => {
                    context.http = true;
                    scan.object(|scan, key| {
                        match &*key {
                            "method" => context.method = scan.text()?,
                            _ => scan.skip()?,
                        }
                        Ok(())
                    })?;
                }
                "elb" => context.elb = scan.raw()? != "null",
                "serviceNetworkArn" => context.lattice = scan.text()?.is_some(),
                "connectionId" => context.connection_id = scan.text()?,
                "routeKey" => context.route_key = scan.text()?,
                _ => scan.skip()?,
            }
            Ok(())
        })?;
        context.is_there = is_there;
        Ok(context)
    }
}

/// Reads an event.
pub(crate) fn decode(bytes: &Bytes) -> Decoded<'_> {
    // One check of all of it is cheaper than one for each text in it.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Decoded::NotJson(error.to_string()),
    };
    let event = match Event::read(text) {
        Ok(Some(event)) => event,
        Ok(None) => return no_object(bytes, text),
        Err(malformed) => return not_json(text, malformed),
    };
    if let Some(found) = event.records {
        return match (found.is_empty(), event.is_window) {
            (true, true) => Decoded::EndOfWindow(event.source_arn.unwrap_or_default()),
            (true, false) => Decoded::NoRecords,
            (false, is_window) => records(bytes, found, is_window),
        };
    }
    if event.is_window && event.is_final.is_some() {
        return Decoded::EndOfWindow(event.source_arn.unwrap_or_default());
    }
    if event.asks_authorizer.is_some() {
        return other(bytes, true);
    }
    if event.context.connection_id.is_some()
        && let Some(route_key) = event.context.route_key.clone()
    {
        return match request::message(bytes, event) {
            Ok(request) => Decoded::WebSocket(request, route_key),
            Err(why) => no_request(bytes, text, why, HttpSource::WebSocket),
        };
    }
    if let Some(source) = request::source(&event) {
        return match request::request(bytes, event, source) {
            Ok(request) => Decoded::Http(request, source),
            Err(why) => no_request(bytes, text, why, source),
        };
    }
    if let Some((key, source)) = request::wrong_key(&event) {
        return Decoded::BadHttp(format!("`{key}` is no text"), request::remains(bytes, text), source);
    }
    if let (Some(source), Some(detail_type)) = (&event.source, &event.detail_type) {
        // A rule's schedule, and EventBridge Scheduler's own.
        let scheduled =
            detail_type == "Scheduled Event" && matches!(source.as_ref(), "aws.events" | "aws.scheduler");
        let kind = if scheduled { RecordKind::Schedule } else { RecordKind::EventBridge };
        return Decoded::Records(Records::one(kind, bytes, event));
    }
    other(bytes, event.is_marked || event.context.lattice || event.event_source.is_some())
}

fn records<'e>(bytes: &'e Bytes, records: RawRecords<'e>, is_window: bool) -> Decoded<'e> {
    let made_by_aws = records.made_by_aws();
    match records.all(bytes) {
        Ok(Some(records)) => Decoded::Records(Records { is_window, ..records }),
        Ok(None) => made_by_aws.or_else(|| foreign(bytes)).map_or(Decoded::Other, Decoded::Foreign),
        Err(problem) => Decoded::Bad(problem),
    }
}

/// What is no object: the records of a pipe, the requests of a batch, or what goes to a direct invoke as it is.
fn no_object<'e>(bytes: &'e Bytes, text: &'e str) -> Decoded<'e> {
    match (RawRecords::of_pipe(&mut Scan::new(text)), Scan::new(text).text()) {
        (Ok(Some(found)), _) => records(bytes, found, false),
        (Ok(None), Ok(_)) => list(bytes),
        (Err(malformed), _) | (_, Err(malformed)) => not_json(text, malformed),
    }
}

#[cold]
fn not_json<'e>(text: &str, malformed: Malformed) -> Decoded<'e> {
    // serde_json says where; it does not mind depth here, nor halves of surrogate pairs.
    let error = serde_json::from_str::<IgnoredAny>(text).err();
    Decoded::NotJson(match (error, malformed) {
        (Some(error), _) => error.to_string(),
        (None, Malformed::TooDeep) => format!("it is nested more than {LEVELS} levels deep"),
        (None, _) => "a text holds half of a surrogate pair".to_owned(),
    })
}

/// What cannot be read is treated alike, wherever in the event it is.
#[cold]
fn no_request<'e>(bytes: &Bytes, text: &str, why: NoRequest, source: HttpSource) -> Decoded<'e> {
    match why {
        NoRequest::Malformed(malformed) => not_json(text, malformed),
        NoRequest::Bad(problem) => Decoded::BadHttp(problem, request::remains(bytes, text), source),
    }
}

/// An event that none of lift's sources sends: of another service of AWS, or anybody's.
fn other(bytes: &Bytes, is_marked: bool) -> Decoded<'_> {
    match is_marked.then(|| foreign(bytes)).flatten() {
        Some(words) => Decoded::Foreign(words),
        None => Decoded::Other,
    }
}

/// A list may hold what a pipe has from a source without a trigger, or the requests of a batch.
fn list(bytes: &Bytes) -> Decoded<'_> {
    let has = |text: &str| memmem::find(bytes, text.as_bytes()).is_some();
    other(bytes, has("\"aws:") || has("\"SelfManagedKafka\"") || has("\"parentTypeName\""))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use http_body_util::BodyExt;

    use super::*;

    fn http(event: serde_json::Value) -> Request {
        match decode(&Bytes::from(event.to_string())) {
            Decoded::Http(request, HttpSource::HttpApi) => request,
            Decoded::BadHttp(why, ..) => panic!("{why}"),
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
            "requestContext": {"stage": stage, "http": {"method": "POST", "path": path},
                "domainName": "abcdefgh.execute-api.eu-central-1.amazonaws.com"},
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
    fn a_stage_is_stripped_and_a_decoded_path_is_escaped() {
        for (path, stage, expected) in [
            ("/prod/orders", "prod", "/orders?"),
            ("/prod", "prod", "/?"),
            ("/production/orders", "prod", "/production/orders?"),
            ("/prod/orders", "$default", "/prod/orders?"),
            ("/a b/ü%20", "$default", "/a%20b/%C3%BC%2520?"),
            ("/a?b#c", "$default", "/a%3Fb%23c?"),
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
        for text in ["", "{", "not json", "{} {}", "\"\\ud800\""] {
            assert!(matches!(decode(&Bytes::from(text)), Decoded::NotJson(_)), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_large_is_read_and_what_is_too_large_or_too_deep_is_told() {
        let with_headers = |count: usize| {
            let mut event = event("/", "$default");
            let headers = (0..count).map(|number| (format!("x-{number}"), number.to_string().into()));
            event["headers"] = serde_json::Value::Object(headers.collect());
            event
        };
        // One more is the cookies'.
        assert_eq!(http(with_headers(10_000)).headers().len(), 10_001);
        let bytes = Bytes::from(with_headers(40_000).to_string());
        let Decoded::BadHttp(why, _, HttpSource::HttpApi) = decode(&bytes) else { panic!("it was taken") };
        assert!(why.contains("more headers"), "{why}");

        let mut large = event("/", "$default");
        // An escape costs a test without optimisation half a microsecond, so it has 200,000 instead of six million: enough
        // for a cost that grows with the text behind each.
        let text = format!("\"{}\n", "x".repeat(62)).repeat(98_304);
        assert_eq!(text.len(), 6 << 20);
        large["body"] = text.as_str().into();
        assert!(http(large).into_body().collect().await.unwrap().to_bytes() == text);

        let deep = format!("{{\"detail\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert!(matches!(decode(&Bytes::from(deep)), Decoded::NotJson(why) if why.contains("levels deep")));
        assert!(matches!(decode(&Bytes::from_static(b"{\"a\":\"\xff\"}")), Decoded::NotJson(_)));

        let mut twice = event("/first", "$default").to_string();
        twice.truncate(twice.len() - 1);
        twice.push_str(",\"rawPath\":\"/second\"}");
        let Decoded::Http(request, _) = decode(&Bytes::from(twice)) else { panic!("it was not taken") };
        assert_eq!(request.uri().path(), "/second");
    }

    #[test]
    fn events_of_aws_are_never_taken_for_something_else() {
        for (text, words) in [
            (r#"{"Records":[{"eventSource":"aws:ses"}]}"#, "aws:ses"),
            (r#"{"Records":[{},{"eventSource":"aws:ses","x":1e999}]}"#, "aws:ses"),
            (r#"{"eventSource":"aws:kafka","records":{}}"#, "aws:kafka"),
            (r#"{"eventSource":"SelfManagedKafka","records":{"x":1e999}}"#, "SelfManagedKafka"),
            (r#"[{"eventSource":"aws:kafka","body":"{}"}]"#, "aws:kafka"),
            (r#"[{"info":{"fieldName":"order","parentTypeName":"Query"}}]"#, "AppSync"),
        ] {
            let bytes = Bytes::from(text);
            let Decoded::Foreign(told) = decode(&bytes) else { panic!("{text}") };
            assert!(told.contains(words), "{told}");
        }
        for (text, key) in [
            (r#"{"httpMethod":"GET","requestContext":{"stage":"prod"}}"#, "path"),
            (
                r#"{"httpMethod":"GET","path":"/","requestContext":{"connectionId":"b"}}"#,
                "requestContext.routeKey",
            ),
            (r#"{"requestContext":{"connectionId":"b","stage":"prod"}}"#, "requestContext.routeKey"),
        ] {
            let bytes = Bytes::from(text);
            let Decoded::BadHttp(why, ..) = decode(&bytes) else { panic!("{text}") };
            assert_eq!(why, format!("`{key}` is no text"), "{text}");
        }
        assert!(matches!(decode(&Bytes::from(r#"{"Records":[{"title":"Blue"}]}"#)), Decoded::Other));
        assert!(matches!(decode(&Bytes::from(r#"{"Records":[]}"#)), Decoded::NoRecords));
    }
}
