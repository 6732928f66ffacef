//! What a browser may read: every answer passes the layers around it, however it came about.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_core::response::Response;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::{HeaderName, HeaderValue};
use lift::Body;
use lift::extract::Request;
use lift::prelude::*;
use lift::testing::TestService;
use serde_json::{Value, json};
use tower_http::cors::CorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;

#[lift::handler(GET, "/panic")]
async fn panics() {
    panic!("hunter2")
}

#[lift::handler(GET, "/slow", timeout = "20ms")]
async fn slow() {
    std::future::pending().await
}

#[lift::handler(GET, "/large")]
async fn large() -> ([(&'static str, &'static str); 3], String) {
    let own = [("etag", "\"1\""), ("cache-control", "max-age=3600"), ("set-cookie", "own=1")];
    (own, "x".repeat(7 * 1024 * 1024))
}

#[lift::handler(GET, "/odd")]
async fn odd() -> ([(HeaderName, HeaderValue); 2], &'static str) {
    let odd = HeaderValue::from_bytes(b"\xff").unwrap();
    (
        [(HeaderName::from_static("x-odd"), odd), (HeaderName::from_static("x-own"), "1".parse().unwrap())],
        "odd",
    )
}

#[lift::handler(GET, "/broken")]
async fn broken() -> Body {
    Body::from_stream(stream::iter([Ok("a"), Err(std::io::Error::other("broken"))]))
}

#[lift::handler(GET, "/body/panic")]
async fn body_panics() -> Body {
    Body::from_stream(stream::once(async { panic!("hunter2") as Result<&str, Infallible> }))
}

#[lift::handler(GET, "/body/slow", timeout = "20ms")]
async fn body_slow() -> Body {
    Body::from_stream(stream::once(std::future::pending::<Result<&str, Infallible>>()))
}

#[lift::handler(GET, "/continue")]
async fn not_final() -> StatusCode {
    StatusCode::CONTINUE
}

#[lift::handler(GET, "/unwritable")]
async fn unwritable() -> Json<std::collections::HashMap<(u8, u8), u8>> {
    Json(std::collections::HashMap::from([((1, 2), 3)]))
}

#[lift::handler(GET, "/beside")]
async fn beside() {}

#[lift::handler(POST, "/read")]
async fn read(_: Json<u8>) {}

/// A layer that panics, or never answers, after what is inside of it has.
#[derive(Clone)]
struct Ends(bool);

#[derive(Clone)]
struct EndsService<S>(bool, S);

impl<S> tower_layer::Layer<S> for Ends {
    type Service = EndsService<S>;

    fn layer(&self, inner: S) -> EndsService<S> {
        EndsService(self.0, inner)
    }
}

impl<S> tower_service::Service<Request> for EndsService<S>
where
    S: tower_service::Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.1.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (panics, inner) = (self.0, self.1.call(request));
        Box::pin(async move {
            let _ = inner.await;
            if panics {
                panic!("hunter2");
            }
            std::future::pending().await
        })
    }
}

fn mark(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static(value))
}

const HSTS: &str = "max-age=63072000";

fn app() -> App {
    App::new("around")
        .handlers(
            lift::handlers![panics, slow, large, odd, broken, body_panics, body_slow]
                .layer(mark("x-list", "1")),
        )
        .handlers(lift::handlers![not_final, unwritable, read].layer(mark("x-list", "1")))
        .layer(mark("x-app", "1"))
        .http_layer(CorsLayer::new().allow_origin(["https://shop.example".parse().unwrap()]))
        .http_layer(mark("strict-transport-security", HSTS))
}

/// The events of every source for one request, whose `origin` the layer of CORS has to see.
fn events(method: &str, path: &str) -> Vec<Value> {
    let headers = json!({"origin": "https://shop.example", "content-type": "application/json"});
    let many = json!({"origin": ["https://shop.example"], "content-type": ["application/json"]});
    let http_api = |domain: &str| {
        json!({
            "version": "2.0", "rawPath": path, "rawQueryString": "", "headers": headers,
            "requestContext": {"http": {"method": method, "path": path}, "domainName": domain, "stage": "$default"},
            "body": null, "isBase64Encoded": false,
        })
    };
    vec![
        http_api("abc.execute-api.eu-central-1.amazonaws.com"),
        http_api("abc.lambda-url.eu-central-1.on.aws"),
        json!({
            "path": path, "httpMethod": method, "headers": headers, "multiValueHeaders": many,
            "requestContext": {"stage": "prod"}, "body": null, "isBase64Encoded": false,
        }),
        json!({
            "path": path, "httpMethod": method, "headers": headers,
            "requestContext": {"elb": {"targetGroupArn": "arn:x"}}, "body": "", "isBase64Encoded": false,
        }),
        json!({
            "path": path, "httpMethod": method, "multiValueHeaders": many,
            "requestContext": {"elb": {"targetGroupArn": "arn:x"}}, "body": "", "isBase64Encoded": false,
        }),
    ]
}

struct Answer {
    status: u64,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

async fn answer(service: &TestService, event: &Value) -> Answer {
    let answer = service.event(event.to_string()).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let mut headers = Vec::new();
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        headers.push((name.clone(), value.as_str().unwrap().to_owned()));
    }
    for (name, values) in answer["multiValueHeaders"].as_object().into_iter().flatten() {
        for value in values.as_array().unwrap() {
            headers.push((name.clone(), value.as_str().unwrap().to_owned()));
        }
    }
    for value in answer["cookies"].as_array().into_iter().flatten() {
        headers.push(("set-cookie".to_owned(), value.as_str().unwrap().to_owned()));
    }
    Answer {
        status: answer["statusCode"].as_u64().unwrap(),
        headers,
        body: answer["body"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_place_of_another_has_the_headers_of_the_layers() {
    let service = app().test().start().await.unwrap();
    for (path, status, code) in [
        ("/panic", 500, "PANIC"),
        ("/slow", 504, "DEADLINE_EXCEEDED"),
        ("/large", 500, "RESPONSE_TOO_LARGE"),
        ("/odd", 500, "RESPONSE_HEADER_NOT_UTF8"),
        ("/broken", 500, "RESPONSE_BODY_BROKEN"),
        ("/body/panic", 500, "PANIC"),
        ("/body/slow", 504, "DEADLINE_EXCEEDED"),
        ("/continue", 500, "RESPONSE_NOT_FINAL"),
        ("/unwritable", 500, "RESPONSE_NOT_SERIALIZABLE"),
    ] {
        for event in events("GET", path) {
            let answer = answer(&service, &event).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}");
            let header = |name| answer.header(name);
            assert_eq!(header("access-control-allow-origin"), Some("https://shop.example"), "{event}");
            assert_eq!(header("strict-transport-security"), Some(HSTS), "{event}");
            assert_eq!((header("x-list"), header("x-app")), (Some("1"), Some("1")), "{event}");
            assert_eq!(header("content-type"), Some("application/problem+json"), "{event}");
            assert!(header("x-request-id").is_some(), "{event}");
            // What the handler has said of an answer that nobody gets is not said of this one.
            for own in ["etag", "cache-control", "set-cookie", "x-own", "x-odd", "content-length"] {
                assert_eq!(header(own), None, "{own} {event}");
            }
        }
    }
    for (path, status) in [("/panic", 500), ("/slow", 504), ("/continue", 500), ("/body/panic", 500)] {
        let response = service.get(path).header("origin", "https://shop.example").await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.header("access-control-allow-origin"), Some("https://shop.example"), "{path}");
        assert_eq!(response.header("strict-transport-security"), Some(HSTS), "{path}");
    }
}

#[tokio::test]
async fn an_event_that_holds_no_good_request_is_refused_through_the_layers() {
    let service = app().test().start().await.unwrap();
    type Spoil = fn(&mut Value);
    let wrong: [(&str, Spoil); 5] = [
        ("a method", |event| {
            for place in ["/httpMethod", "/requestContext/http/method"] {
                if let Some(method) = event.pointer_mut(place) {
                    *method = json!("G T");
                }
            }
        }),
        ("a method that is no text", |event| {
            for place in ["/httpMethod", "/requestContext/http/method"] {
                if let Some(method) = event.pointer_mut(place) {
                    *method = json!(7);
                }
            }
        }),
        ("a body", |event| {
            event["body"] = json!("!");
            event["isBase64Encoded"] = json!(true);
        }),
        ("a path", |event| {
            for place in ["/path", "/rawPath"] {
                if let Some(path) = event.pointer_mut(place) {
                    *path = json!(7);
                }
            }
        }),
        ("a long path", |event| {
            for place in ["/path", "/rawPath"] {
                if let Some(path) = event.pointer_mut(place) {
                    *path = json!("/a".repeat(50_000));
                }
            }
        }),
    ];
    for (what, spoil) in wrong {
        for mut event in events("POST", "/read") {
            spoil(&mut event);
            let answer = answer(&service, &event).await;
            let shown: String = event.to_string().chars().take(300).collect();
            assert_eq!((answer.status, &*answer.code()), (400, "EVENT_NOT_VALID"), "{what} {shown}");
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, Some("https://shop.example"), "{what} {shown}");
            assert_eq!(answer.header("strict-transport-security"), Some(HSTS), "{what} {shown}");
            assert_eq!(answer.header("x-app"), Some("1"), "{what} {shown}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_panics_or_hangs_is_answered_through_those_around_it() {
    for (panics, code) in [(true, "PANIC"), (false, "DEADLINE_EXCEEDED")] {
        let app = App::new("around")
            .handlers(lift::handlers![beside].layer(mark("x-inside", "1")).layer(Ends(panics)))
            .http_layer(mark("strict-transport-security", HSTS));
        let service = app.test().start().await.unwrap();
        for event in events("GET", "/beside") {
            let begun = tokio::time::Instant::now();
            let event = event.to_string();
            let answer = service.event_within(event, Duration::from_secs(5)).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let text = answer.to_string();
            assert!(text.contains(code) && text.contains(HSTS) && !text.contains("x-inside"), "{text}");
            assert!(begun.elapsed() <= Duration::from_secs(5));
        }
    }
}

/// A layer that answers in words of its own and counts what it is asked.
#[tokio::test]
async fn no_layer_is_asked_twice_about_one_request() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let counts = tower::util::MapRequestLayer::new(move |request: Request| {
        count.fetch_add(1, Ordering::SeqCst);
        request
    });
    let rewrites = tower::util::MapResponseLayer::new(|response: Response| {
        // It forgets the extensions.
        let mut new = Response::new(response.into_body());
        new.headers_mut().insert("x-new", HeaderValue::from_static("1"));
        new
    });
    let app = App::new("around")
        .handlers(lift::handlers![large, odd])
        .layer(counts)
        .layer(rewrites)
        .http_layer(mark("strict-transport-security", HSTS));
    let service = app.test().start().await.unwrap();
    for (asks, event) in events("GET", "/large").iter().enumerate() {
        let answer = answer(&service, event).await;
        assert_eq!((answer.status, answer.header("x-new")), (500, Some("1")));
        assert_eq!(answer.header("strict-transport-security"), Some(HSTS));
        assert_eq!(asked.load(Ordering::SeqCst), asks + 1);
    }
}

/// Then the answer has none of their headers, and is an answer.
#[tokio::test]
async fn what_the_layers_themselves_make_unsendable_is_answered_without_them() {
    let odd = HeaderValue::from_bytes(b"\xff").unwrap();
    let huge = HeaderValue::from_bytes(&vec![b'x'; 7 * 1024 * 1024]).unwrap();
    for (value, code, kept) in [(odd, "RESPONSE_HEADER_NOT_UTF8", true), (huge, "RESPONSE_TOO_LARGE", false)]
    {
        let app = App::new("around")
            .handlers(lift::handlers![beside])
            .http_layer(mark("strict-transport-security", HSTS))
            .http_layer(SetResponseHeaderLayer::overriding(HeaderName::from_static("x-layer"), value));
        let service = app.test().start().await.unwrap();
        for event in events("GET", "/beside") {
            let answer = answer(&service, &event).await;
            assert_eq!((answer.status, answer.code().as_str()), (500, code));
            assert_eq!(answer.header("strict-transport-security").is_some(), kept);
            assert_eq!(answer.header("x-layer"), None);
        }
    }
}
