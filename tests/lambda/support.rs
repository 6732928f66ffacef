//! What the tests have in common: the programs, events and answers.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::binaries::example;
use tests::http::Response;
use tests::journal::Journal;
use tests::process::Program;
use tests::runtime_api::{Answer, Builder, RuntimeApi};

/// A double whose deadlines are far away, so that a slow machine doesn't meet them.
pub(crate) fn lambda() -> Builder {
    RuntimeApi::builder().timeout(Duration::from_secs(20))
}

/// A folder of its own for one test.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The service for tests against the Runtime API.
pub(crate) fn function(dir: &Path) -> Program {
    Program::new(env!("CARGO_BIN_EXE_function")).dir(dir).env("BACKEND_JOURNAL", Journal::of(dir).path())
}

/// The service that misbehaves on request.
pub(crate) fn faulty(dir: &Path) -> Program {
    Program::new(env!("CARGO_BIN_EXE_faulty")).dir(dir).env("TOOL_JOURNAL", Journal::of(dir).path())
}

/// The example `orders`, which makes its tables when it starts.
pub(crate) fn orders(dir: &Path) -> Program {
    Program::new(example("orders"))
        .dir(dir)
        .env("ORDERS_DB_URL", format!("sqlite://{}", dir.join("orders.db").display()))
        .env("LIFT_LAMBDA_ON_START", "true")
}

/// An HTTP request as API Gateway's HTTP API sends it (payload 2.0).
pub(crate) fn request(method: &str, target: &str, body: Option<&Value>) -> Value {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example.com", "content-type": "application/json", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.17"},
            "requestId": "gateway-request-id",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 1_782_678_334_000_u64,
        },
        "body": body.map(Value::to_string),
        "isBase64Encoded": false,
    })
}

pub(crate) fn get(target: &str) -> Value {
    request("GET", target, None)
}

/// What API Gateway makes of an answer. It is as strict: anything that it answers by 502 fails the test.
#[track_caller]
pub(crate) fn http(answer: &Answer) -> Response {
    let json = answer.json();
    let status = json["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let Some(status) = status.filter(|status| (100..600).contains(status)) else {
        panic!("no status: {json}")
    };
    let mut headers = Vec::new();
    for (name, value) in json["headers"].as_object().into_iter().flatten() {
        let Some(value) = value.as_str() else { panic!("header `{name}` is no text: {json}") };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    for cookie in json["cookies"].as_array().into_iter().flatten() {
        let Some(cookie) = cookie.as_str() else { panic!("a cookie is no text: {json}") };
        headers.push(("set-cookie".into(), cookie.to_owned()));
    }
    let body = json["body"].as_str().unwrap_or_default();
    let body = if json["isBase64Encoded"] == true {
        BASE64_STANDARD.decode(body).expect("a body that is base64")
    } else {
        body.as_bytes().to_vec()
    };
    Response { status, headers, body }
}

/// Checks what every failure looks like to an HTTP client, and returns its body.
#[track_caller]
pub(crate) fn assert_problem(answer: &Answer, status: u16, code: &str, request_id: &str) -> Value {
    let response = http(answer);
    let problem = response.json();
    assert_eq!((response.status, &problem["code"]), (status, &json!(code)), "{problem}");
    assert_eq!(response.content_type(), "application/problem+json", "{problem}");
    assert_eq!(
        (&problem["status"], &problem["request_id"]),
        (&json!(status), &json!(request_id)),
        "{problem}"
    );
    assert_eq!(response.header("x-request-id"), Some(request_id), "{problem}");
    problem
}
