//! The golden table: every class of failure, and what each reader gets of it.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum_core::extract::Request;
use axum_core::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, Origin, Outcome};
use crate::app::{Call, Service};
use crate::clock::Deadline;
use crate::config::Sources;
use crate::event::{self, Decoded};
use crate::prelude::*;
use crate::telemetry::Log;
use crate::{App, Error};

#[derive(Debug, thiserror::Error, LiftError)]
enum ShopError {
    #[error("only {left} of {item}")]
    #[lift(status = 409, code = "SHORT", details(item, left))]
    Short { item: &'static str, left: u32 },
    #[error("the warehouse is away")]
    #[lift(status = 503, retry = "2s")]
    Warehouse(#[source] io::Error),
    #[error("sold out for ever")]
    #[lift(status = 503, retry = "never", public = "sold out", log = "debug")]
    SoldOut,
    #[error(transparent)]
    #[lift(transparent)]
    Pool(#[from] PoolError),
    #[error("the ledger refused")]
    #[lift(internal)]
    Ledger(#[source] io::Error),
}

fn secret() -> io::Error {
    io::Error::other("SELECT hunter2 FROM postgres://ada:hunter2@db")
}

#[derive(Deserialize)]
struct Order {
    #[expect(dead_code, reason = "what is wrong is told before anybody reads it")]
    quantity: u8,
}

fn fail(class: &str) -> Result<(), ShopError> {
    Err(match class {
        "decided, 4xx" => ShopError::Short { item: "tea", left: 3 },
        "decided, 5xx with a time to wait" => ShopError::Warehouse(secret()),
        "decided, never worth a retry" => ShopError::SoldOut,
        "transparent: the pool has closed" => PoolError::Closed { pool: "db" }.into(),
        _ => ShopError::Ledger(secret()),
    })
}

#[lift::handler(POST, "/class", timeout = "20ms")]
async fn class(class: Json<Value>) -> Response {
    answer(&class).await
}

/// A handler of this class; several types of errors meet here, so it answers with the response.
async fn answer(class: &Value) -> Response {
    match class.as_str().unwrap_or_default() {
        "`lift::Error`" => Error::from(secret()).into_response(),
        "panic" => std::panic::resume_unwind(Box::new("hunter2 in a panic")),
        "deadline" => std::future::pending().await,
        class => fail(class).into_response(),
    }
}

#[lift::handler(invoke = "class", timeout = "20ms")]
async fn class_invoked(class: Json<Value>) -> Response {
    answer(&class).await
}

#[lift::handler(POST, "/orders/{id}")]
async fn order(id: u32, order: Json<Order>) {
    let _ = (id, order);
}

/// One row: its name, the HTTP request, and the payload of a direct invoke if the class exists there.
fn rows() -> Vec<(&'static str, &'static str, &'static str, String, Option<String>)> {
    let raised = |class: &'static str| {
        let body = json!(class).to_string();
        (class, "POST", "/class", body.clone(), Some(body))
    };
    vec![
        raised("decided, 4xx"),
        raised("decided, 5xx with a time to wait"),
        raised("decided, never worth a retry"),
        raised("transparent: the pool has closed"),
        raised("internal"),
        raised("`lift::Error`"),
        raised("panic"),
        raised("deadline"),
        ("body that is not JSON", "POST", "/orders/7", "{".to_owned(), Some("{".to_owned())),
        ("wrong field", "POST", "/orders/7", r#"{"quantity": "many"}"#.to_owned(), None),
        ("wrong parameter", "POST", "/orders/seven", "{}".to_owned(), None),
        ("body above 6 MB", "POST", "/orders/7", " ".repeat(6 * 1024 * 1024 + 1), None),
        ("no such route", "GET", "/nothing", String::new(), None),
        ("no such method", "GET", "/class", String::new(), None),
    ]
}

fn call() -> Call {
    let request_id = Some("the-request-id".into());
    Call {
        request_id,
        deadline: Deadline::NONE,
        default_timeout: Duration::from_secs(1),
        event: None,
        record: None,
        streams: false,
    }
}

fn http_event(method: &str, path: &str, body: &str) -> Bytes {
    let http = json!({"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.17"});
    json!({
        "version": "2.0", "rawPath": path, "rawQueryString": "", "body": body, "isBase64Encoded": false,
        "headers": {"content-type": "application/json"}, "requestContext": {"http": http},
    })
    .to_string()
    .into()
}

async fn served(service: &Arc<Service>, request: Request) -> (u16, Option<String>, Value) {
    let response = service.http(request, call()).response.await;
    let retry = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, retry, serde_json::from_slice(&body).unwrap_or_default())
}

/// The table as it is now, in Markdown.
async fn table(log: &Log) -> String {
    let app = App::new("golden").handlers(lift::handlers![class, class_invoked, order]);
    let (service, _) = app.build(&Sources::empty().var("LIFT_HEALTH_SYSTEM_ENABLED", "false")).unwrap();
    service.start(crate::app::Starting::FUNCTIONS).await.unwrap();
    let mut text = String::from(
        "| class | HTTP | body | `Retry-After` | direct invoke | record | log |\n|---|---|---|---|---|---|---|\n",
    );
    for (class, method, path, body, payload) in rows() {
        log.clear();
        let Decoded::Http(event, _) = event::decode(&http_event(method, path, &body)) else {
            panic!("{class}")
        };
        let (status, retry, problem) = served(&service, event).await;
        let line = log.lines().into_iter().find(|line| line["request_id"] == "the-request-id").unwrap();
        assert_eq!((&line["code"], &line["status"]), (&problem["code"], &json!(status)), "{class}");

        // A server's request is the same request.
        let request = || {
            let head = http::Request::builder().method(method).uri(path);
            head.header("content-type", "application/json").body(body.clone().into()).unwrap()
        };
        let direct = served(&service, request()).await;
        let outcome = match service.outcome(request(), call()).await {
            Outcome::Done => "done",
            Outcome::Retry(_) => "back to the queue",
            Outcome::Permanent(_) => "permanent",
        };
        assert_eq!(direct, (status, retry.clone(), problem.clone()), "{class}");

        let invoked = match payload {
            None => "–".to_owned(),
            Some(payload) => {
                let invocable = service.triggers.invoke(None).unwrap();
                match service.invoke(invocable, payload.into(), call()).await {
                    Ok(_) => panic!("{class}"),
                    Err(failure) => {
                        let message = failure.public_detail().unwrap_or(failure.title());
                        format!("`{}`: {message}", failure.code())
                    }
                }
            }
        };
        let mut shown = vec![format!("`{}`", problem["code"].as_str().unwrap())];
        shown.extend(problem["detail"].as_str().map(ToOwned::to_owned));
        shown.extend(problem.get("details").map(|details| format!("details `{details}`")));
        shown.extend(problem.get("errors").map(|errors| format!("errors `{errors}`")));
        let level = line["level"].as_str().unwrap().to_lowercase();
        let retry = retry.unwrap_or_else(|| "–".to_owned());
        let _ = writeln!(
            text,
            "| {class} | {status} | {} | {retry} | {invoked} | {outcome} | {level} |",
            shown.join("; ")
        );
    }
    text
}

#[test]
fn every_reader_gets_its_own_form_of_every_class() {
    let log = Log::default();
    let (table, metrics) = log.of(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(table(&log))
    });
    assert!(!table.contains("hunter2"), "{table}");
    if std::env::var_os("LIFT_TEST_OVERWRITE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/failures.md"), &table).unwrap();
    }
    let golden = include_str!("../../docs/failures.md");
    assert_eq!(table, golden, "LIFT_TEST_OVERWRITE=1 writes it anew");
    // Over HTTP twice, and by the direct invoke.
    let counted =
        |code: &str| metrics.iter().filter(|metric| metric.contains(&format!("code={code},"))).count();
    assert_eq!(
        (counted("SHORT"), counted("ROUTE_NOT_FOUND"), counted("INTERNAL")),
        (3, 2, 3),
        "{metrics:#?}"
    );
    assert!(metrics.contains(&"lift_failures_total{code=SHORT,status=409,handler=class}".to_owned()));
}

/// An error with its sources, each a text of its own.
#[derive(Debug)]
struct Link(String, Option<Box<Link>>);

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Link {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

/// What a client asks for, and the texts of the error that it must not see.
type Wanted = (String, Vec<String>);

async fn leak((class, texts): Wanted) -> Response {
    let chain = texts.into_iter().rev().fold(None, |source, text| Some(Box::new(Link(text, source))));
    let error = *chain.unwrap();
    match class.as_str() {
        "internal" => ShopError::Ledger(io::Error::other(error)).into_response(),
        "5xx" => ShopError::Warehouse(io::Error::other(error)).into_response(),
        "pool" => {
            let pool = PoolError::Connect { pool: "db", source: error.into() };
            ShopError::Pool(pool).into_response()
        }
        "panic" => std::panic::resume_unwind(Box::new(error.0)),
        _ => Error::from(error).into_response(),
    }
}

#[lift::handler(POST, "/leak")]
async fn leak_served(wanted: Json<Wanted>) -> Response {
    leak(wanted.0).await
}

#[lift::handler(invoke = "leak")]
async fn leak_invoked(wanted: Json<Wanted>) -> Response {
    leak(wanted.0).await
}

#[tokio::test]
async fn no_text_of_an_error_is_in_any_response() {
    for form in ["problem", "short"] {
        let sources =
            Sources::empty().var("LIFT_HEALTH_SYSTEM_ENABLED", "false").var("LIFT_ERRORS_FORM", form);
        let app = App::new("leaks").handlers(lift::handlers![leak_served, leak_invoked]);
        let (service, _) = app.build(&sources).unwrap();
        service.start(crate::app::Starting::FUNCTIONS).await.unwrap();
        let secrets = ["postgres://ada:hunter2@db", "token=hunter2", "SELECT hunter2 FROM users", "hunter2"];
        let noise = ["", " ", "\n", "é", "\"", "{0}", "\\", "\u{0}", "</script>", "%s"];
        let mut random = fastrand::Rng::with_seed(5);
        for round in 0..300 {
            let text = |random: &mut fastrand::Rng| {
                let part = |random: &mut fastrand::Rng| noise[random.usize(..noise.len())];
                let (before, after) = (part(random), part(random));
                format!("{before}{}{after}", secrets[random.usize(..secrets.len())])
            };
            let texts: Vec<String> = (0..random.usize(1..5)).map(|_| text(&mut random)).collect();
            let class = ["internal", "5xx", "pool", "panic", "opaque"][round % 5];
            let body = json!([class, texts]).to_string();
            let Decoded::Http(request, source) = event::decode(&http_event("POST", "/leak", &body)) else {
                panic!()
            };
            let response = service.http(request, call()).response.await;
            let (mut head, whole) = response.into_parts();
            let whole = crate::body::whole(whole).await.unwrap();
            let answer = event::encode(&mut head, whole, source).unwrap();
            let shown = answer.get();
            assert!(
                !shown.contains("hunter2") && shown.contains("the-request-id"),
                "{class} {texts:?}: {shown}"
            );
            match service.invoke(service.triggers.invoke(None).unwrap(), body.into(), call()).await {
                Ok(_) => panic!("{class} {texts:?}"),
                Err(failure) => {
                    let shown =
                        format!("{} {:?} {}", failure.code(), failure.public_detail(), failure.title());
                    assert!(!shown.contains("hunter2"), "{class} {texts:?}: {shown}");
                }
            }
        }
    }
}

#[lift::handler(GET, "/context")]
async fn context(context: crate::Context) -> String {
    let left = context.deadline().remaining().unwrap_or_default();
    format!("{} {} {}", context.user(), context.request_id(), left > Duration::ZERO)
}

#[tokio::test]
async fn the_short_form_and_a_handlers_context() {
    let app = App::new("short").handlers(lift::handlers![class, context]);
    let sources =
        Sources::empty().var("LIFT_HEALTH_SYSTEM_ENABLED", "false").var("LIFT_ERRORS_FORM", "short");
    let (service, _) = app.build(&sources).unwrap();
    service.start(crate::app::Starting::FUNCTIONS).await.unwrap();
    let ask = |method: &str, path: &str, body: &str| {
        let head =
            http::Request::builder().method(method).uri(path).header("content-type", "application/json");
        service.http(head.body(body.to_owned().into()).unwrap(), call()).response
    };
    let short = ask("POST", "/class", "\"decided, 4xx\"").await;
    assert_eq!(
        (short.status().as_u16(), &short.headers()["content-type"]),
        (409, &"application/json".parse().unwrap())
    );
    let body = axum::body::to_bytes(short.into_body(), usize::MAX).await.unwrap();
    let expected = json!({"error": {
        "code": "SHORT", "message": "only 3 of tea", "request_id": "the-request-id",
        "details": {"item": "tea", "left": 3},
    }});
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    let seen = axum::body::to_bytes(ask("GET", "/context", "").await.into_body(), usize::MAX).await.unwrap();
    assert_eq!(seen, "context the-request-id true");
}

#[test]
fn a_record_that_cannot_be_read_is_told_by_its_id_where_a_request_is_the_clients_own_business() {
    let rejected = Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_BODY").origin_is(Origin::Rejected);
    let log = Log::default();
    log.of(|| {
        super::log(&rejected, Some("fulfil"), "r", None, false);
        super::log(&rejected, Some("fulfil"), "r", Some(super::OfRecord { id: "m1", returns: true }), false);
    });
    let lines = log.lines();
    let levels: Vec<_> = lines.iter().map(|line| (line["level"].as_str(), line["record"].as_str())).collect();
    assert_eq!(levels, [(Some("DEBUG"), None), (Some("WARN"), Some("m1"))]);
}
