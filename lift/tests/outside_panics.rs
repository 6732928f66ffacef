//! What panics beside a handler: a subscriber or recorder of the program's own, what is dropped after the handler's end. The payloads
//! panic in turn.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use std::future::Future;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use common::{failed, sqs_of};
use http_body::{Frame, SizeHint};
use lift::Body;
use lift::extract::Request;
use lift::health::{HealthCheck, HealthHandle};
use lift::prelude::*;
use serde_json::{Value, json};
use tower_layer::layer_fn;
use tower_service::Service;

/// The payload of a panic that panics again when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload was dropped");
    }
}

/// A value that panics when it is dropped.
struct Mine;

impl Drop for Mine {
    fn drop(&mut self) {
        panic_any(Bomb);
    }
}

/// A subscriber that panics at spans with this name, and at every event of a failure while it is told to.
struct Panicking;

static AT_EVENTS: AtomicBool = AtomicBool::new(false);

impl tracing::Subscriber for Panicking {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut text = Texts::default();
        span.record(&mut text);
        if text.0.contains("unlucky") {
            panic_any(Bomb);
        }
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut text = Texts::default();
        values.record(&mut text);
        if text.0.contains("unlucky") {
            panic_any(Bomb);
        }
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Texts::default();
        event.record(&mut text);
        if text.0.contains("invocation failed") && AT_EVENTS.load(Ordering::SeqCst) {
            panic_any(Bomb);
        }
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[derive(Default)]
struct Texts(String);

impl tracing::field::Visit for Texts {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!("{value:?} "));
    }
}

fn subscribe() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Panicking).unwrap());
}

#[lift::handler(GET, "/fails")]
async fn fails() -> Result<(), lift::Error> {
    Err(lift::Error::msg("as it was told"))
}

#[lift::handler(GET, "/panics")]
async fn panics() {
    panic_any(Bomb);
}

#[lift::handler(GET, "/ok")]
async fn ok() -> &'static str {
    "ok"
}

#[lift::handler(sqs = "jobs", partial)]
async fn job(job: Json<String>) -> Result<(), lift::Error> {
    if *job == "fail" { Err(lift::Error::msg("as it was told")) } else { Ok(()) }
}

/// A future that holds what panics when it is dropped, after its end.
struct Held<F>(F, Mine);

impl<F: Future + Unpin> Future for Held<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

#[derive(Clone)]
struct Holding<S>(S);

impl<S: Service<Request>> Service<Request> for Holding<S>
where
    S::Future: Unpin,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Held<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Held(self.0.call(request), Mine)
    }
}

#[lift::handler(GET, "/held")]
async fn held() -> &'static str {
    "held"
}

/// A body that panics wherever it is asked something.
struct Asked(&'static str);

impl http_body::Body for Asked {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.0 {
            "frame" => panic_any(Bomb),
            "" => Poll::Ready(None),
            _ => {
                self.0 = "";
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"a")))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        if self.0 == "end" {
            panic_any(Bomb);
        }
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if self.0 == "size" {
            panic_any(Bomb);
        }
        SizeHint::default()
    }
}

#[lift::handler(GET, "/asked/{what}")]
async fn asked(what: String) -> Body {
    Body::new(Asked(["frame", "end", "size"].into_iter().find(|one| *one == what).unwrap()))
}

fn app() -> App {
    App::new("outside")
        .handlers(lift::handlers![fails, panics, ok, job, asked])
        .handlers(lift::handlers![held].layer(layer_fn(Holding)))
}

#[tokio::test]
async fn a_payload_whose_drop_panics_is_one_panic() {
    subscribe();
    let service = app().test().start().await.unwrap();
    for path in ["/panics", "/held", "/asked/frame", "/asked/end", "/asked/size"] {
        let answer = service.get(path).await.unwrap();
        let problem: Value = answer.json().unwrap();
        assert_eq!((answer.status(), problem["code"].as_str()), (500, Some("PANIC")), "{path}");
        assert_eq!(service.get("/ok").await.unwrap().text(), "ok");
    }
}

/// One test for both, because the process has one subscriber.
#[tokio::test]
async fn a_subscriber_that_panics_costs_a_line_or_its_own_record() {
    subscribe();
    let service = app().test().start().await.unwrap();
    let batch = [("m0", "ok"), ("unlucky", "ok"), ("m2", "fail"), ("m3", "ok")];
    let batch = sqs_of("jobs", batch.map(|(id, body)| (id, json!(body).to_string())));
    assert_eq!(failed(&service, batch.clone()).await, ["unlucky", "m2"]);
    AT_EVENTS.store(true, Ordering::SeqCst);
    assert_eq!(service.get("/fails").await.unwrap().json::<Value>().unwrap()["code"], "INTERNAL");
    assert_eq!(failed(&service, batch).await, ["unlucky", "m2"]);
    AT_EVENTS.store(false, Ordering::SeqCst);
    assert_eq!(service.get("/ok").await.unwrap().text(), "ok");
}

/// A check that holds what panics when its future is dropped.
struct LeftBehind;

impl HealthCheck for LeftBehind {
    fn name(&self) -> &str {
        "held"
    }

    fn check(&self) -> futures_util::future::BoxFuture<'_, lift::Health> {
        Box::pin(Held(Box::pin(async { lift::Health::healthy() }), Mine))
    }
}

#[tokio::test]
async fn a_check_that_panics_after_its_end_is_unhealthy_and_runs_again() {
    subscribe();
    let service = App::new("held").health_check(LeftBehind).test().start().await.unwrap();
    for _ in 0..2 {
        let report: Value = service.get("/health").await.unwrap().json().unwrap();
        assert_eq!(report["components"]["held"]["status"], "unhealthy");
    }
}

/// A check whose `Drop` asks the service for its health.
struct Curious(HealthHandle, std::sync::Arc<AtomicUsize>, &'static str);

impl HealthCheck for Curious {
    fn name(&self) -> &str {
        self.2
    }

    fn check(&self) -> futures_util::future::BoxFuture<'_, lift::Health> {
        Box::pin(async { lift::Health::healthy() })
    }
}

impl Drop for Curious {
    fn drop(&mut self) {
        assert!(!self.0.unregister("nobody"));
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[lift::handler(POST, "/curious")]
async fn curious(health: Shared<HealthHandle>, dropped: Shared<std::sync::Arc<AtomicUsize>>) {
    health.register(Curious(health.0.clone(), dropped.0.clone(), "curious")).unwrap();
    health.register(Curious(health.0.clone(), dropped.0.clone(), "curious")).unwrap_err();
    health.register(Curious(health.0.clone(), dropped.0.clone(), "not a name")).unwrap_err();
    assert!(health.unregister("curious"));
}

#[test]
fn a_check_that_is_taken_out_may_ask_for_the_health_while_it_is_dropped() {
    let dropped = std::sync::Arc::new(AtomicUsize::new(0));
    let seen = dropped.clone();
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(async {
            let app = App::new("curious").provide(seen).handlers(lift::handlers![curious]);
            app.test().start().await.unwrap().post("/curious").await.unwrap().status()
        });
        sender.send(status).unwrap();
    });
    assert_eq!(ended.recv_timeout(std::time::Duration::from_secs(20)), Ok(200), "it waits for itself");
    assert_eq!(dropped.load(Ordering::SeqCst), 3);
}
