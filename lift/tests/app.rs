//! How an app is put together: what is refused at start, layers, groups, probes.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use common::{Counts, Numbered};
use lift::prelude::*;
use serde_json::Value;
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

#[lift::handler(GET, "/x")]
async fn plain() -> &'static str {
    "x"
}

mod other {
    #[lift::handler(GET, "/x")]
    pub(crate) async fn plain() {}
}

#[lift::handler(GET, "/health/ready")]
async fn on_a_probe() {}

#[lift::handler(GET, "/value")]
async fn needs_a_value(_: lift::Shared<String>) {}

#[lift::handler(GET, "/pair")]
async fn needs_two(_: Pooled<Numbered>, _: Pooled<Numbered>) {}

#[lift::handler(invoke = "double")]
async fn double(number: Json<i64>) -> Result<Json<i64>, lift::Error> {
    Ok(Json(number.checked_mul(2).ok_or_else(|| lift::Error::msg("too large"))?))
}

#[lift::health_check(name = "numbered")]
async fn same_name() {}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let app = App::new("test")
        .handlers(lift::handlers![plain, on_a_probe, needs_a_value, needs_two])
        .handlers(lift::handlers![other::plain])
        .group("v1/", lift::handlers![double, plain])
        .health_checks(lift::health_checks![same_name]);
    let host = app.test().with::<Numbered>(|| async { Err::<Numbered, _>(lift::Error::msg("unused")) });
    let faults = host.var("LIFT_SHUTDOWN_GRACE", "soon").check().unwrap_err();
    let text = faults.to_string();
    for words in [
        "`plain` serves GET /x, and so does `plain` (lift/tests/app.rs:",
        "`on_a_probe` serves `/health/ready`, where the health probe `/health/ready` is",
        "- Shared<String>: nobody provides it, and `needs_a_value` takes it",
        "- resource `numbered`: `pool(max_size)`: 1 is too few: `needs_two` (lift/tests/app.rs:",
        "`plain` is in the group `v1/`, which is not a prefix",
        "LIFT_SHUTDOWN_GRACE: `soon` is not a duration",
    ] {
        assert!(text.contains(words), "{words:?} is missing in\n{text}");
    }
}

fn mark(name: &'static str) -> SetResponseHeaderLayer<http::HeaderValue> {
    SetResponseHeaderLayer::appending(
        http::HeaderName::from_static("x-mark"),
        http::HeaderValue::from_static(name),
    )
}

#[tokio::test]
async fn layers_stand_around_what_they_are_given() {
    let cors = CorsLayer::new().allow_origin(Any).allow_methods(Any);
    let service = App::new("test")
        .handlers(lift::handlers![plain])
        .group("/v1", lift::handlers![other::plain].layer(mark("group")))
        .layer(mark("app"))
        .http_layer(cors)
        .test()
        .start()
        .await
        .unwrap();
    let marks = async |path: &str| service.get(path).await.unwrap().header("x-mark").map(str::to_owned);
    assert_eq!(marks("/x").await.as_deref(), Some("app"));
    assert_eq!(marks("/v1/x").await.as_deref(), Some("group"), "the group's mark is nearer to the handler");
    assert_eq!(marks("/nowhere").await.as_deref(), Some("app"), "a 404 passes the layers, too");
    assert_eq!(marks("/health").await, None, "a probe passes by them");

    let preflight = service
        .request(http::Method::OPTIONS, "/x")
        .header("origin", "http://a")
        .header("access-control-request-method", "GET")
        .await
        .unwrap();
    assert_eq!((preflight.status(), preflight.header("access-control-allow-origin")), (200, Some("*")));
    let missing = service.get("/nowhere").header("origin", "http://a").await.unwrap();
    assert_eq!(
        missing.header("access-control-allow-origin"),
        Some("*"),
        "failures keep the headers of layers"
    );
    assert_eq!(missing.json::<Value>().unwrap()["code"], "ROUTE_NOT_FOUND");
}

#[tokio::test]
async fn methods_and_head() {
    let service = App::new("test").handlers(lift::handlers![plain]).test().start().await.unwrap();
    let refused = service.delete("/x").await.unwrap();
    assert_eq!((refused.status(), refused.header("allow")), (405, Some("GET, HEAD")));
    let head = service.head("/x").await.unwrap();
    assert_eq!((head.status(), head.header("content-length"), head.text().as_str()), (200, Some("1"), ""));
}

#[tokio::test]
async fn invokes_answer_json_or_a_failure_with_a_code() {
    let service = App::new("test").handlers(lift::handlers![double]).test().start().await.unwrap();
    assert_eq!(service.invoke::<i64>("double", 21).await.unwrap(), 42);
    let wrong = service.invoke::<i64>("double", "x").await.unwrap_err();
    assert_eq!((wrong.code(), wrong.status().as_u16()), ("INVALID_BODY", 422));
    let failed = service.invoke::<i64>("double", i64::MAX).await.unwrap_err();
    assert_eq!((failed.code(), failed.public_detail()), ("INTERNAL", None));
    assert_eq!(failed.chain().as_deref(), Some("too large"));
    assert_eq!(service.invoke::<i64>("triple", 1).await.unwrap_err().code(), "NOT_SERVED");
}

#[lift::handler(GET, "/db")]
async fn with_db(db: Pooled<Numbered>) -> String {
    db.number.to_string()
}

#[lift::health_check(name = "far", critical = false)]
async fn far() -> Result<(), lift::Error> {
    Err(lift::Error::msg("postgres://user:secret@host refused"))
}

#[lift::health_check(kind = "readiness")]
async fn local_disk() -> Status {
    Status::Healthy
}

#[tokio::test]
async fn probes_tell_statuses_and_hide_texts() {
    let counts = Counts::default();
    let opening = counts.clone();
    let host = App::new("test")
        .handlers(lift::handlers![with_db])
        .health_checks(lift::health_checks![far, local_disk])
        .test()
        .with::<Numbered>(move || std::future::ready(Ok::<_, lift::Error>(opening.open())));
    let service = host.start().await.unwrap();
    let health = service.get("/health").await.unwrap();
    let expected = serde_json::json!({
        "status": "degraded",
        "components": {
            "far": {"status": "unhealthy"},
            "local-disk": {"status": "healthy"},
            "numbered": {"status": "healthy"},
        },
    });
    assert_eq!((health.status(), health.json::<Value>().unwrap()), (200, expected));
    assert_eq!(health.header("cache-control"), Some("no-store"));
    assert_eq!(counts.checked(), 1);
    for (path, body) in [
        ("/health/ready", r#"{"status":"healthy","components":{"local-disk":{"status":"healthy"}}}"#),
        ("/health/live", r#"{"status":"healthy"}"#),
        ("/health/startup", r#"{"status":"healthy"}"#),
    ] {
        assert_eq!(service.get(path).await.unwrap().text(), body, "{path}");
    }
    assert_eq!(service.post("/health").await.unwrap().header("allow"), Some("GET, HEAD"));
    assert_eq!(service.get("/health/nothing").await.unwrap().status(), 404);
}

/// A client that the service cannot do without.
#[derive(Clone)]
struct Needed;

impl lift::Resource for Needed {
    type Config = lift::config::NoSettings;
    type Error = lift::BoxError;

    fn spec() -> lift::resource::ResourceSpec {
        lift::resource::ResourceSpec::named("needed").warm(lift::resource::Warm::Required)
    }

    async fn initialize(_: &Self::Config, _: &lift::Init) -> Result<Self, Self::Error> {
        Err("the test opens it".into())
    }

    async fn health_check(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[tokio::test]
async fn a_required_client_is_tried_again_until_the_service_is_ready() {
    #[lift::handler(GET, "/needs")]
    async fn needs(_: Shared<Needed>) {}
    let tries = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let tried = tries.clone();
    let open = move || {
        let first = tried.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        std::future::ready(if first { Err(lift::Error::msg("away")) } else { Ok(Needed) })
    };
    let app = App::new("test").handlers(lift::handlers![needs]);
    let service = app.test().with::<Needed>(open).start().await.unwrap();
    assert_eq!(service.get("/health/ready").await.unwrap().status(), 503);
    for _ in 0..3 {
        service.maintain();
        tokio::task::yield_now().await;
    }
    assert_eq!(service.get("/health/ready").await.unwrap().status(), 200);
    assert_eq!(tries.load(std::sync::atomic::Ordering::SeqCst), 2, "an open client is left alone");
}
