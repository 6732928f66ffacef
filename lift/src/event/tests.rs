use axum_core::body::Body;
use axum_core::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use http_body_util::BodyExt;
use serde_json::json;

use super::{HttpSource, asks_for_health, gateway};
use crate::App;
use crate::prelude::*;
use crate::testing::conformance;

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

fn app() -> App {
    App::new("sources").handlers(lift::handlers![echo, picture])
}

const BODIES: [&[u8]; 3] = [b"text", b"", b"\xff\x00\x01"];

#[tokio::test]
async fn every_source_of_http_is_answered_alike() {
    conformance(app, async |client| {
        for path in [
            "/orders/7",
            "/orders/a%20b",
            "/orders/100%25",
            "/orders/%CE%BB%3F%23",
            "/orders/prod",
            "/picture",
            "/nothing",
        ] {
            for query in ["", "?a=1&b=x%20%26%C3%BC", "?a=1&a=2&b="] {
                for body in BODIES {
                    let request = client.post(format!("{path}{query}")).header("host", "shop.example.com");
                    let request = request.header("content-type", "application/octet-stream");
                    request.header("cookie", "x=1; y=2").body(body).await?;
                }
            }
        }
        assert_eq!(client.get("/orders/7").await?.status(), 405);
        Ok(())
    })
    .await
    .unwrap();
}

/// It keeps one value of a repeated key by itself, and has one place for all cookies.
#[tokio::test]
async fn a_load_balancer_without_multi_value_headers_is_answered_alike() {
    let service = app().test().start().await.unwrap();
    for body in BODIES {
        let target = "/orders/7?a=1&b=x%20%26%C3%BC";
        let headers = [("host", "shop.example.com"), ("content-type", "text/plain"), ("cookie", "x=1; y=2")];
        let mut head = http::Request::post(target);
        let mut direct = service.post(target).body(body);
        for (name, value) in headers.into_iter().chain([("x-request-id", "r")]) {
            head = head.header(name, value);
            direct = direct.header(name, value);
        }
        let source = HttpSource::LoadBalancer { multi_value: false };
        let event = gateway::event(source, &head.body(()).unwrap().into_parts().0, body);
        let (parts, answer) =
            gateway::response(&service.event(event.to_string()).await.unwrap()).unwrap().into_parts();
        let direct = direct.await.unwrap();
        assert_eq!(parts.headers.get_all(SET_COOKIE).iter().count(), 3);
        assert_eq!(
            (parts.status.as_u16(), parts.headers.get("vary")),
            (direct.status(), Some(&"accept".parse().unwrap()))
        );
        assert_eq!(answer.collect().await.unwrap().to_bytes(), direct.bytes());
    }
}

#[tokio::test]
async fn a_base_path_is_taken_off_wherever_a_request_comes_from() {
    let app = || app().test().var("LIFT_BASE_PATH", "/shop/");
    conformance(app, async |client| {
        let with = client.post("/shop/orders/7?a=1").body("x").await?;
        let without = client.post("/orders/7?a=1").body("x").await?;
        assert_eq!((with.status(), without.status()), (201, 201));
        assert_eq!(with.text(), without.text());
        assert_eq!(client.get("/shop/health/live").await?.status(), 200);
        assert_eq!(client.post("/shopping/orders/7").await?.status(), 404);
        Ok(())
    })
    .await
    .unwrap();
    let faults = App::new("x").test().var("LIFT_BASE_PATH", "shop").check().unwrap_err().to_string();
    assert!(faults.contains("LIFT_BASE_PATH: `shop` is not a path such as `/shop`"), "{faults}");
}

#[tokio::test]
async fn two_ways_that_differ_are_shown() {
    #[lift::handler(GET, "/way")]
    async fn way(context: lift::Context) -> &'static str {
        if context.event().is_some() { "event" } else { "server" }
    }
    let app = || App::new("ways").handlers(lift::handlers![way]);
    let error = conformance(app, async |client| client.get("/way").await.map(drop)).await.unwrap_err();
    for part in [
        "answer 1 differs",
        "--- HTTP server\nGET /way\n200 OK\n",
        "\nserver\n",
        "--- API Gateway HTTP API",
        "\nevent\n",
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn headers_that_http_does_not_allow_are_one_line_in_the_log() {
    let headers: serde_json::Map<String, serde_json::Value> =
        (0..50).map(|number| (format!("wrong header {number}\n"), json!("x"))).collect();
    let event = json!({
        "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": headers,
        "requestContext": {"http": {"method": "GET", "path": "/"}, "domainName": "x", "stage": "$default"},
        "isBase64Encoded": false,
    });
    let log = crate::telemetry::Log::default();
    let event = Bytes::from(event.to_string());
    assert!(matches!(log.of(|| super::decode(&event)).0, super::Decoded::Http(..)));
    let lines = log.lines();
    assert_eq!((lines.len(), &lines[0]["left_out"]), (1, &json!(50)), "{lines:?}");
}
