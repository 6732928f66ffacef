use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use axum_core::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use super::*;
use crate::App;
use crate::app::{Call, Service};
use crate::clock::Deadline;
use crate::config::Sources;
use crate::prelude::*;

#[test]
fn only_the_very_question_asks_for_health() {
    assert!(asks_for_health(br#" {"lift" : "health"} "#));
    for other in [r#"{"lift":"error"}"#, r#"{"lift":"health","a":1}"#, r#"{"lift":1}"#, "[]", "", "{"] {
        assert!(!asks_for_health(other.as_bytes()), "{other}");
    }
}

/// What a handler sees, and an answer with everything that is hard to pass on.
#[lift::handler(POST, "/orders/{id}")]
async fn echo(
    id: String,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let all = |name: &str| -> Vec<String> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    let cookies: Vec<_> = headers.get_all(COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
    let seen = json!({
        "id": id, "query": query, "host": all("host"), "type": all("content-type"),
        "cookies": cookies.join("; "), "body": BASE64_STANDARD.encode(&body),
    });
    let mut response = (StatusCode::CREATED, Json(seen)).into_response();
    for cookie in ["a=1; Path=/", "b=2, 3", "c=4"] {
        response.headers_mut().append(SET_COOKIE, cookie.parse().unwrap());
    }
    response.headers_mut().insert("vary", "accept".parse().unwrap());
    response
}

/// Bytes that are no text.
#[lift::handler(POST, "/picture")]
async fn picture(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert("content-type", "image/png".parse().unwrap());
    response
}

type Pair = (&'static str, &'static str);

/// One request as its client has sent it.
struct Sent {
    path: &'static str,
    /// Each name and value as it stands in the URL, and decoded.
    query: &'static [(Pair, Pair)],
    body: &'static [u8],
}

const HEADERS: [(&str, &str); 3] =
    [("host", "shop.example.com"), ("content-type", "application/octet-stream"), ("cookie", "x=1; y=2")];

impl Sent {
    fn raw_query(&self) -> String {
        let pairs: Vec<_> = self.query.iter().map(|((name, value), _)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    fn body(&self) -> (Value, bool) {
        match std::str::from_utf8(self.body) {
            Ok(text) => (text.into(), false),
            Err(_) => (BASE64_STANDARD.encode(self.body).into(), true),
        }
    }

    fn http_api(&self) -> Value {
        let (body, base64) = self.body();
        let headers: BTreeMap<_, _> = HEADERS.into_iter().filter(|(name, _)| *name != "cookie").collect();
        json!({
            "version": "2.0", "rawPath": format!("/prod{}", self.path), "rawQueryString": self.raw_query(),
            "cookies": ["x=1", "y=2"], "headers": headers, "body": body, "isBase64Encoded": base64,
            "requestContext": {"stage": "prod", "http": {"method": "POST", "path": self.path}},
        })
    }

    fn rest_api(&self) -> Value {
        let (body, base64) = self.body();
        let mut query = BTreeMap::<&str, Vec<&str>>::new();
        self.query.iter().for_each(|(_, (name, value))| query.entry(name).or_default().push(value));
        let last: BTreeMap<_, _> = query.iter().map(|(name, values)| (name, values.last())).collect();
        let many: BTreeMap<_, _> = HEADERS.into_iter().map(|(name, value)| (name, [value])).collect();
        json!({
            "resource": "/orders/{id}", "path": self.path, "httpMethod": "POST",
            "headers": HEADERS.into_iter().collect::<BTreeMap<_, _>>(), "multiValueHeaders": many,
            "queryStringParameters": last, "multiValueQueryStringParameters": query,
            "requestContext": {"stage": "prod", "path": format!("/prod{}", self.path), "httpMethod": "POST"},
            "body": body, "isBase64Encoded": base64,
        })
    }

    fn load_balancer(&self, multi_value: bool) -> Value {
        let (body, base64) = self.body();
        let mut query = BTreeMap::<&str, Vec<&str>>::new();
        self.query.iter().for_each(|((name, value), _)| query.entry(name).or_default().push(value));
        let mut event = json!({
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:…"}}, "httpMethod": "POST",
            "path": self.path, "body": body, "isBase64Encoded": base64,
        });
        if multi_value {
            let many: BTreeMap<_, _> = HEADERS.into_iter().map(|(name, value)| (name, [value])).collect();
            (event["multiValueHeaders"], event["multiValueQueryStringParameters"]) =
                (json!(many), json!(query));
        } else {
            let last: BTreeMap<_, _> = query.iter().map(|(name, values)| (name, values.last())).collect();
            let headers: BTreeMap<_, _> = HEADERS.into_iter().collect();
            (event["headers"], event["queryStringParameters"]) = (json!(headers), json!(last));
        }
        event
    }
}

fn call() -> Call {
    let request_id = Some("the-request-id".to_owned());
    Call { request_id, deadline: Deadline::NONE, default_timeout: Duration::from_secs(5), event: None }
}

/// Status, headers but cookies, cookies, and body, whatever form they came in.
type Answer = (u64, BTreeMap<String, String>, Vec<String>, Vec<u8>);

async fn by_event(service: &Arc<Service>, event: Value) -> Answer {
    let Decoded::Http(request, source) = decode(&event.to_string().into()) else { panic!("{event}") };
    let answer = encode(service.http(request, call()).response.await, source).await.unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut headers = BTreeMap::new();
    let mut cookies: Vec<_> = answer["cookies"].as_array().into_iter().flatten().map(text).collect();
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        match name.to_ascii_lowercase().as_str() {
            "set-cookie" => cookies.push(text(value)),
            name => drop(headers.insert(name.to_owned(), text(value))),
        }
    }
    for (name, values) in answer["multiValueHeaders"].as_object().into_iter().flatten() {
        let values: Vec<_> = values.as_array().unwrap().iter().map(text).collect();
        if name == "set-cookie" {
            cookies.extend(values);
        } else {
            headers.insert(name.clone(), values.join(","));
        }
    }
    assert_eq!(answer.get("statusDescription").is_some(), matches!(source, HttpSource::LoadBalancer { .. }));
    let body = text(&answer["body"]);
    let body = match answer["isBase64Encoded"].as_bool().unwrap() {
        true => BASE64_STANDARD.decode(body).unwrap(),
        false => body.into_bytes(),
    };
    cookies.sort();
    (answer["statusCode"].as_u64().unwrap(), headers, cookies, body)
}

async fn by_server(service: &Arc<Service>, sent: &Sent) -> Answer {
    let mut request = http::Request::post(format!("{}?{}", sent.path, sent.raw_query()));
    for (name, value) in HEADERS {
        request = request.header(name, value);
    }
    let response = service.http(request.body(sent.body.into()).unwrap(), call()).response.await;
    let (parts, body) = response.into_parts();
    let mut cookies = Vec::new();
    let mut headers = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = value.to_str().unwrap().to_owned();
        if name == SET_COOKIE { cookies.push(value) } else { drop(headers.insert(name.to_string(), value)) }
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    (parts.status.as_u16().into(), headers, cookies, body)
}

#[tokio::test]
async fn every_source_of_http_is_answered_alike() {
    let app = App::new("sources").handlers(lift::handlers![echo, picture]);
    let sources = Sources::empty().var("LIFT_HEALTH_SYSTEM_ENABLED", "false");
    let (service, _) = app.build(&sources).unwrap();
    service.start(true).await.unwrap();
    let once = [(("a", "1"), ("a", "1")), (("b", "x%20%26%C3%BC"), ("b", "x &ü"))];
    let repeated = [(("a", "1"), ("a", "1")), (("a", "2"), ("a", "2")), (("b", ""), ("b", ""))];
    let queries: [&'static [_]; 3] = [&[], Box::leak(Box::new(once)), Box::leak(Box::new(repeated))];
    for path in ["/orders/7", "/orders/a%20b%2Fc", "/orders/prod", "/picture", "/nothing"] {
        for query in queries {
            for body in [&b"text"[..], b"", b"\xff\x00\x01"] {
                let sent = Sent { path, query, body };
                let expected = by_server(&service, &sent).await;
                assert_eq!(by_event(&service, sent.http_api()).await, expected, "{path} {query:?}");
                assert_eq!(by_event(&service, sent.rest_api()).await, expected, "{path} {query:?}");
                assert_eq!(by_event(&service, sent.load_balancer(true)).await, expected, "{path} {query:?}");
                if query.len() < 3 {
                    // It keeps the last one of a repeated key by itself.
                    assert_eq!(
                        by_event(&service, sent.load_balancer(false)).await,
                        expected,
                        "{path} {query:?}"
                    );
                }
            }
        }
    }
}
