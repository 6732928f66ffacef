use std::borrow::Cow;

use axum_core::body::Body;
use axum_core::extract::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::COOKIE;
use http::{HeaderValue, Method, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::describe::foreign;
use super::lenient::{Headers, Pairs, Text, Texts};

/// What an event is.
#[allow(clippy::large_enum_variant)] // one a call, taken apart at once
pub(crate) enum Decoded {
    /// An HTTP request, and how its answer is written.
    Http(Request, Source),
    /// An HTTP request that is not well-formed, and why.
    BadHttp(String),
    /// An event of AWS that nothing here serves, in words: it must not reach a handler that expects something else,
    /// because an answer would count as done.
    Foreign(String),
    /// Any other JSON.
    Other,
    /// No JSON at all.
    NotJson(serde_json::Error),
}

/// Where an HTTP request comes from, which settles how its answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// API Gateway HTTP API (payload 2.0), or a function URL.
    HttpApi,
    /// API Gateway REST API, or an HTTP API with payload 1.0.
    RestApi,
    /// An Application Load Balancer.
    LoadBalancer {
        /// Its target group has multi-value headers switched on.
        multi_value: bool,
    },
}

/// An event as far as lift reads it; every other key is skipped without being built.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow, default)]
    raw_path: Text<'a>,
    #[serde(borrow, default)]
    raw_query_string: Text<'a>,
    #[serde(borrow, default)]
    cookies: Texts<'a>,
    #[serde(default)]
    headers: Headers,
    #[serde(borrow, default)]
    request_context: RequestContext<'a>,
    #[serde(borrow, default)]
    body: Text<'a>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(borrow, default)]
    http_method: Text<'a>,
    #[serde(borrow, default)]
    path: Text<'a>,
    // Read only where nothing better says the same.
    #[serde(borrow, default)]
    multi_value_headers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    query_string_parameters: Option<&'a RawValue>,
    #[serde(borrow, default)]
    multi_value_query_string_parameters: Option<&'a RawValue>,
    #[serde(default, rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(default, rename = "detail-type")]
    detail_type: Option<IgnoredAny>,
}

#[derive(Default, serde::Deserialize)]
struct RequestContext<'a> {
    #[serde(borrow, default)]
    stage: Text<'a>,
    #[serde(borrow, default)]
    http: Http<'a>,
    #[serde(default)]
    elb: Option<IgnoredAny>,
    #[serde(default, rename = "connectionId")]
    connection_id: Option<IgnoredAny>,
}

#[derive(Default, serde::Deserialize)]
struct Http<'a> {
    #[serde(borrow, default)]
    method: Text<'a>,
}

/// What may not stand in a path as it is. A `%` stays: it begins an escape.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'?')
    .add(b'#')
    .add(b'\\')
    .add(b'^')
    .add(b'|');
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'#')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Reads an event.
pub(crate) fn decode(bytes: &Bytes) -> Decoded {
    let event = match serde_json::from_slice::<Event<'_>>(bytes) {
        Ok(event) => event,
        // Well-formed, but of another shape.
        Err(error) if error.is_data() => return Decoded::Other,
        Err(error) => return Decoded::NotJson(error),
    };
    let Some((source, method, path, query)) = request_line(&event) else {
        let marked = event.http_method.0.is_some() || event.records.is_some() || event.detail_type.is_some();
        return match foreign(bytes) {
            Some(words) if marked => Decoded::Foreign(words),
            _ => Decoded::Other,
        };
    };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else {
        return Decoded::BadHttp(format!("`{}` is not an HTTP method", method.escape_debug()));
    };
    let Some(uri) = uri(path, query.as_deref()) else {
        return Decoded::BadHttp("its path is not a URI".to_owned());
    };
    let body = match event.body.0 {
        None => Bytes::new(),
        Some(text) if event.is_base64_encoded => match BASE64_STANDARD.decode(text.as_bytes()) {
            Ok(body) => body.into(),
            Err(error) => return Decoded::BadHttp(format!("its body is not base64: {error}")),
        },
        Some(Cow::Borrowed(text)) => bytes.slice_ref(text.as_bytes()),
        Some(Cow::Owned(text)) => text.into(),
    };
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = match (source, event.multi_value_headers) {
        (Source::HttpApi, _) | (_, None) => event.headers.0,
        (_, many @ Some(_)) => Headers::from(Pairs::of(many)).0,
    };
    let cookies: Vec<&str> = event.cookies.0.iter().filter_map(|cookie| cookie.0.as_deref()).collect();
    if !cookies.is_empty()
        && let Ok(cookies) = HeaderValue::from_str(&cookies.join("; "))
    {
        request.headers_mut().insert(COOKIE, cookies);
    }
    Decoded::Http(request, source)
}

type RequestLine<'e> = (Source, &'e str, &'e str, Option<Cow<'e, str>>);

/// Where an HTTP request comes from, its method, path and query; `None` for anything else. That is told by the keys
/// that only one source has.
fn request_line<'e>(event: &'e Event<'_>) -> Option<RequestLine<'e>> {
    let context = &event.request_context;
    if let (Some(path), Some(method)) = (&event.raw_path.0, &context.http.method.0) {
        let stage = context.stage.0.as_deref().unwrap_or("$default");
        let query = event.raw_query_string.0.as_deref().map(Cow::Borrowed);
        return Some((Source::HttpApi, method, without_stage(path, stage), query));
    }
    let (method, path) = (event.http_method.0.as_deref()?, event.path.0.as_deref()?);
    let many = event.multi_value_query_string_parameters;
    let pairs = Pairs::of(many.or(event.query_string_parameters)).0;
    if context.elb.is_some() {
        // As the client has sent them: a load balancer decodes nothing.
        let joined: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let source = Source::LoadBalancer { multi_value: event.multi_value_headers.is_some() };
        return Some((source, method, path, Some(joined.join("&").into())));
    }
    if context.connection_id.is_some() || context.stage.0.is_none() {
        return None;
    }
    // A REST API hands them over decoded.
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&pairs);
    Some((Source::RestApi, method, path, Some(query.finish().into())))
}

/// API Gateway puts the name of a stage other than `$default` before the path.
fn without_stage<'p>(path: &'p str, stage: &str) -> &'p str {
    if stage == "$default" {
        return path;
    }
    match path.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage)) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

fn uri(path: &str, query: Option<&str>) -> Option<Uri> {
    let mut text = String::with_capacity(path.len() + query.map_or(0, |query| query.len() + 1) + 1);
    if !path.starts_with('/') {
        text.push('/');
    }
    text.extend(utf8_percent_encode(path, PATH));
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        text.push('?');
        text.extend(utf8_percent_encode(query, QUERY));
    }
    text.try_into().ok()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn http(event: serde_json::Value) -> Request {
        match decode(&Bytes::from(event.to_string())) {
            Decoded::Http(request, Source::HttpApi) => request,
            Decoded::BadHttp(why) => panic!("{why}"),
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
        assert!(matches!(decode(&Bytes::from(event.to_string())), Decoded::BadHttp(_)));
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
    fn events_of_other_services_are_never_taken_for_something_else() {
        for (text, words) in [
            (r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, "aws:sqs"),
            (r#"{"httpMethod":"GET","requestContext":{"stage":"prod"}}"#, "payload 1.0"),
            (
                r#"{"httpMethod":"GET","path":"/","requestContext":{"stage":"a","connectionId":"b"}}"#,
                "WebSocket",
            ),
            (r#"{"detail-type":"Scheduled Event","source":"aws.events"}"#, "EventBridge"),
        ] {
            let Decoded::Foreign(told) = decode(&Bytes::from(text)) else { panic!("{text}") };
            assert!(told.contains(words), "{told}");
        }
        assert!(matches!(decode(&Bytes::from(r#"{"Records":[{"title":"Blue"}]}"#)), Decoded::Other));
    }
}
