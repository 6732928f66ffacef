//! What a client sees at the edge of a service: the headers of a rejection, the limits of who waits for the answer.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::time::Duration;

use http::request::Parts;
use lift::Failure;
use lift::extract::FromRequestParts;
use lift::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Refuses everybody, in the words of another framework.
struct Foreign;

impl<S: Sync> FromRequestParts<S> for Foreign {
    type Rejection = (StatusCode, [(&'static str, &'static str); 2], &'static str);

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let headers = [("www-authenticate", "Bearer"), ("set-cookie", "session=; Max-Age=0")];
        Err((StatusCode::UNAUTHORIZED, headers, "who are you?"))
    }
}

/// The same in lift's words.
struct Own;

impl<S: Sync> FromRequestParts<S> for Own {
    type Rejection = ([(&'static str, &'static str); 2], Failure);

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let headers = [("www-authenticate", "Bearer"), ("set-cookie", "session=; Max-Age=0")];
        Err((headers, Failure::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED").detail("who are you?")))
    }
}

#[lift::handler(GET, "/foreign")]
async fn foreign(_who: Foreign) {}

#[lift::handler(GET, "/own")]
async fn own(_who: Own) {}

#[lift::handler(GET, "/never")]
async fn never() {
    std::future::pending().await
}

#[lift::handler(GET, "/large/{bytes}")]
async fn large(bytes: usize) -> String {
    "\"".repeat(bytes)
}

#[lift::handler(invoke = "large")]
async fn large_told(bytes: Json<usize>) -> String {
    "\"".repeat(bytes.0)
}

#[lift::handler(ws = "$default")]
async fn never_told() {
    std::future::pending().await
}

fn app() -> App {
    App::new("edge").handlers(lift::handlers![foreign, own, large, large_told, never, never_told])
}

#[tokio::test]
async fn a_rejection_keeps_its_headers_as_a_problem() {
    let service = app().test().start().await.unwrap();
    for path in ["/foreign", "/own"] {
        let response = service.get(path).await.unwrap();
        let problem: Value = response.json().unwrap();
        assert_eq!((response.status(), &problem["code"]), (401, &json!("UNAUTHORIZED")), "{path}");
        assert_eq!(problem["detail"], "who are you?");
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{path}");
        assert_eq!(response.header("set-cookie"), Some("session=; Max-Age=0"), "{path}");
    }
}

/// API Gateway gives up after 29 s; nobody else does before the function's own deadline.
#[tokio::test(start_paused = true)]
async fn the_default_limit_is_28_s_behind_api_gateway_and_elsewhere_the_functions() {
    let service = app().test().start().await.unwrap();
    let http_api = |domain: &str| {
        json!({
            "version": "2.0", "rawPath": "/never", "rawQueryString": "", "headers": {},
            "requestContext": {"http": {"method": "GET", "path": "/never"}, "domainName": domain, "stage": "$default"},
            "isBase64Encoded": false,
        })
    };
    let rest = json!({
        "resource": "/{proxy+}", "path": "/never", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
        "requestContext": {"stage": "prod", "path": "/prod/never", "httpMethod": "GET", "requestId": "r"},
        "body": null, "isBase64Encoded": false,
    });
    let load_balancer = json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": "GET", "path": "/never", "queryStringParameters": {}, "headers": {},
        "body": "", "isBase64Encoded": false,
    });
    let web_socket = json!({
        "requestContext": {"routeKey": "$default", "eventType": "MESSAGE", "connectionId": "c",
            "stage": "prod", "domainName": "x", "requestId": "r", "messageId": "m"},
        "body": "hello", "isBase64Encoded": false,
    });
    for (event, seconds) in [
        (http_api("abc.execute-api.eu-central-1.amazonaws.com"), 28),
        (rest, 28),
        (web_socket, 28),
        (http_api("abc.lambda-url.eu-central-1.on.aws"), 60),
        (load_balancer, 60),
    ] {
        let begun = Instant::now();
        let answer = service.event_within(event.to_string(), Duration::from_secs(60)).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(
            (answer["statusCode"].as_u64(), begun.elapsed().as_secs()),
            (Some(504), seconds),
            "{event}"
        );
    }
}

/// Each byte of these bodies takes two in JSON.
#[tokio::test]
async fn an_answer_that_its_reader_would_not_take_is_a_typed_failure_in_the_readers_form() {
    let service = app().test().start().await.unwrap();
    let load_balancer = |bytes: usize| {
        json!({
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
            "httpMethod": "GET", "path": format!("/large/{bytes}"), "queryStringParameters": {}, "headers": {},
            "body": "", "isBase64Encoded": false,
        })
    };
    for (bytes, status) in [(500_000, 200), (530_000, 500)] {
        let answer = service.event(load_balancer(bytes).to_string()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["statusCode"], status, "{bytes}");
        assert_eq!(answer["body"].as_str().unwrap().contains("RESPONSE_TOO_LARGE"), status == 500);
    }
    assert_eq!(service.invoke::<String>("large", 3_000_000).await.unwrap().len(), 3_000_000);
    let failure = service.invoke::<String>("large", 3_200_000).await.unwrap_err();
    assert_eq!(failure.code(), "RESPONSE_TOO_LARGE");
}

/// Neither is a success with another text in it.
#[tokio::test]
async fn an_answer_of_an_invoke_that_is_not_what_it_says_is_a_failure() {
    #[lift::handler(invoke = "answers")]
    async fn answers(kind: Json<String>) -> ([(&'static str, &'static str); 1], Vec<u8>) {
        let (kind, body) = match kind.0.as_str() {
            "bytes" => ("application/octet-stream", &b"\xff\x00"[..]),
            "half" => ("text/plain", &b"{\"a\":\"\xff\"}"[..]),
            "bad" => ("application/json; charset=utf-8", &b"{bad"[..]),
            "problem" => ("application/problem+JSON", &b"no"[..]),
            "text" => ("text/plain", &b"{bad"[..]),
            "json" => ("text/plain", &b"{\"a\":1}"[..]),
            _ => ("application/json", &b""[..]),
        };
        ([("content-type", kind)], body.to_vec())
    }
    let app = App::new("edge").handlers(lift::handlers![answers]);
    let service = app.test().start().await.unwrap();
    for kind in ["bytes", "half", "bad", "problem"] {
        let failure = service.event(json!(kind).to_string()).await.unwrap_err();
        assert_eq!(failure.code(), "RESPONSE_NOT_SERIALIZABLE", "{kind}");
    }
    for (kind, answer) in [("text", r#""{bad""#), ("json", r#"{"a":1}"#), ("none", "null")] {
        assert_eq!(service.event(json!(kind).to_string()).await.unwrap(), answer, "{kind}");
    }
}

#[tokio::test]
async fn a_message_of_a_web_socket_that_is_too_large_is_a_failure() {
    #[lift::handler(ws = "$default")]
    async fn large(bytes: String) -> String {
        "\"".repeat(bytes.parse().unwrap())
    }
    let service = App::new("edge").handlers(lift::handlers![large]).test().start().await.unwrap();
    for (bytes, status) in [(128 * 1024, 200), (128 * 1024 + 1, 500)] {
        let event = json!({
            "requestContext": {"routeKey": "$default", "messageId": "m", "eventType": "MESSAGE", "stage": "p",
                "connectionId": "c", "apiId": "a", "domainName": "d", "requestId": "r"},
            "body": bytes.to_string(), "isBase64Encoded": false,
        });
        let answer: Value = serde_json::from_slice(&service.event(event.to_string()).await.unwrap()).unwrap();
        assert_eq!(answer["statusCode"], status, "{bytes}");
        assert_eq!(answer.to_string().contains("RESPONSE_TOO_LARGE"), status == 500, "{bytes}");
    }
}

/// The error says which key is wrong, in an answer that its gateway passes on.
#[tokio::test]
async fn an_http_event_without_a_key_that_it_needs_is_not_valid() {
    #[lift::handler(GET, "/")]
    async fn root() {}
    #[lift::handler(invoke = "any")]
    async fn any(_event: Json<Value>) {}
    let service = App::new("edge").handlers(lift::handlers![root, any]).test().start().await.unwrap();
    let api = || {
        json!({"version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {},
            "requestContext": {"stage": "$default", "http": {"method": "GET"}}, "isBase64Encoded": false})
    };
    let rest = || {
        json!({"resource": "/", "path": "/", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {"a": ["b"]},
            "requestContext": {"stage": "prod"}})
    };
    let balancer = || json!({"path": "/", "httpMethod": "GET", "headers": {}, "requestContext": {"elb": {"targetGroupArn": "a"}}});
    for (event, pointer, key) in [
        (api(), "/requestContext/http/method", "requestContext.http.method"),
        (api(), "/requestContext/http", "requestContext.http.method"),
        (api(), "/rawPath", "rawPath"),
        (rest(), "/requestContext/stage", "requestContext.stage"),
        (rest(), "/path", "path"),
        (rest(), "/httpMethod", "httpMethod"),
        (balancer(), "/path", "path"),
        (balancer(), "/httpMethod", "httpMethod"),
    ] {
        let whole: Value = serde_json::from_slice(&service.event(event.to_string()).await.unwrap()).unwrap();
        assert_eq!(whole["statusCode"], 200, "{event}");
        for value in [Value::Null, json!(7)] {
            let mut event = event.clone();
            *event.pointer_mut(pointer).unwrap() = value;
            let answer: Value =
                serde_json::from_slice(&service.event(event.to_string()).await.unwrap()).unwrap();
            assert_eq!(answer["statusCode"], 400, "{event}: {answer}");
            let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            let detail = problem["detail"].as_str().unwrap();
            assert_eq!(problem["code"], "EVENT_NOT_VALID", "{event}");
            assert!(detail.contains(&format!("`{key}` is no text")), "{event}: {detail}");
        }
    }
}

#[tokio::test]
async fn a_status_that_is_no_answer_is_a_failure() {
    #[lift::handler(GET, "/status/{status}")]
    async fn status(status: u16) -> StatusCode {
        StatusCode::from_u16(status).unwrap()
    }
    #[lift::handler(invoke = "status")]
    async fn invoked() -> StatusCode {
        StatusCode::SWITCHING_PROTOCOLS
    }
    let service = App::new("edge").handlers(lift::handlers![status, invoked]).test().start().await.unwrap();
    for status in ["100", "199"] {
        let answer = service.get(format!("/status/{status}")).await.unwrap();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.json::<Value>().unwrap()["code"], "RESPONSE_NOT_FINAL");
    }
    assert_eq!(service.event("{}").await.unwrap_err().code(), "RESPONSE_NOT_FINAL");
}
