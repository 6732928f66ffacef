//! Errors whose own code misbehaves: it panics, its chain of sources never ends, its text has no end.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use std::error::Error as StdError;
use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use common::{failed, sqs_of};
use lift::error::{Decision, Origin};
use lift::event::{Batch, Failed};
use lift::prelude::*;
use lift::resource::ResourceSpec;
use lift::testing::TestService;
use lift::{BoxError, Failure};
use serde_json::{Value, json};

/// An error that does what it is called.
#[derive(Clone, Copy)]
struct Mischief(&'static str);

/// All that there are, and whether they panic.
const KINDS: [(&str, bool); 12] = [
    ("display", true),
    ("source", true),
    ("payload", true),
    ("inner display", true),
    ("inner source", true),
    ("late", true),
    ("drop", false),
    ("itself", false),
    ("two", false),
    ("long", false),
    ("huge", false),
    ("refuses", false),
];

/// The payload of a panic that panics again when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("the payload was dropped");
        }
    }
}

impl fmt::Display for Mischief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "display" => panic!("no text for you"),
            "payload" => std::panic::panic_any(Bomb),
            "late" => {
                f.write_str("so far")?;
                panic!("and no further")
            }
            "huge" => {
                for _ in 0..10_000_000 {
                    f.write_str("ten bytes ")?;
                }
                Ok(())
            }
            "refuses" => Err(fmt::Error),
            kind => f.write_str(kind),
        }
    }
}

impl fmt::Debug for Mischief {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("nobody needs this text")
    }
}

static ONE: Mischief = Mischief("two");
static OTHER: Mischief = Mischief("the other of two");
static LINK: Mischief = Mischief("long");
static NO_TEXT: Mischief = Mischief("display");
static NO_SOURCE: Mischief = Mischief("source");

impl StdError for Mischief {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0 {
            "source" => panic!("no source for you"),
            "inner display" => Some(&NO_TEXT),
            "inner source" => Some(&NO_SOURCE),
            "itself" => Some(self),
            "two" => Some(&OTHER),
            "the other of two" => Some(&ONE),
            "long" => Some(&LINK),
            _ => None,
        }
    }
}

impl LiftError for Mischief {
    fn decision(&self) -> Decision {
        Decision::new(503, "MISCHIEF")
    }
}

/// It panics when it is dropped.
#[derive(Debug)]
struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        panic!("it was dropped");
    }
}

/// Decided, with the mischief behind it or in its own text.
#[derive(Debug, thiserror::Error, LiftError)]
enum ShopError {
    #[error("the shop is shut")]
    #[lift(status = 503, code = "SHUT")]
    Shut(#[source] Mischief),
    #[error("the shop says {0}")]
    #[lift(internal)]
    Says(Mischief),
    #[error("it is gone")]
    #[lift(status = 503, code = "GONE")]
    Gone(Dropped),
    #[error("{0} is not in the shop")]
    #[lift(status = 404, code = "NOT_IN_THE_SHOP")]
    Missing(Mischief),
}

fn kind(name: &str) -> Mischief {
    Mischief(KINDS.iter().find(|(kind, _)| *kind == name).unwrap().0)
}

fn trade(name: &str) -> Result<(), ShopError> {
    match name.split_once('/') {
        _ if name == "ok" => Ok(()),
        Some((_, "drop")) => Err(ShopError::Gone(Dropped)),
        Some(("shut", name)) => Err(ShopError::Shut(kind(name))),
        Some(("says", name)) => Err(ShopError::Says(kind(name))),
        Some((_, name)) => Err(ShopError::Missing(kind(name))),
        None => Err(ShopError::Missing(kind(name))),
    }
}

#[lift::handler(GET, "/decided/{name}")]
async fn decided(name: String) -> Result<(), Mischief> {
    Err(kind(&name))
}

#[lift::handler(GET, "/opaque/{name}")]
async fn opaque(name: String) -> Result<(), lift::Error> {
    Err(kind(&name))?
}

#[lift::handler(GET, "/shop/{way}/{name}")]
async fn shop(way: String, name: String) -> Result<(), ShopError> {
    trade(&format!("{way}/{name}"))
}

#[lift::handler(GET, "/body/{name}")]
async fn body(name: String) -> lift::Body {
    let chunks = [Ok("begun"), Err(kind(&name))];
    lift::Body::from_stream(futures_util::stream::iter(chunks))
}

#[lift::handler(GET, "/ok")]
async fn ok() -> &'static str {
    "ok"
}

#[lift::handler(invoke = "trade")]
async fn invoked(name: Json<String>) -> Result<(), ShopError> {
    trade(&name)
}

#[lift::handler(sqs = "trades", partial)]
async fn one_by_one(name: Json<String>) -> Result<(), ShopError> {
    trade(&name)
}

#[lift::handler(sqs = "many", partial, concurrency = 4)]
async fn side_by_side(name: Json<String>) -> Result<(), ShopError> {
    trade(&name)
}

#[lift::handler(kinesis = "together", partial)]
async fn together(batch: Batch<String>) -> Result<Failed, ShopError> {
    batch.iter().try_for_each(|item| trade(&item.value))?;
    Ok(Failed::none())
}

fn app() -> App {
    App::new("mischief").handlers(lift::handlers![
        decided,
        opaque,
        shop,
        body,
        ok,
        invoked,
        one_by_one,
        side_by_side,
        together
    ])
}

async fn start(unmasked: bool) -> TestService {
    app()
        .test()
        .var("LIFT_LOG_UNMASKED_ERRORS", unmasked.to_string())
        .var("LIFT_TRIGGER_TRADES", "trades")
        .var("LIFT_TRIGGER_MANY", "many")
        .start()
        .await
        .unwrap()
}

/// Runs it to its end on a thread of its own: an error without end must not keep the test from ending.
fn bounded<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let (sender, ended) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test());
        sender.send(()).unwrap();
    });
    match ended.recv_timeout(Duration::from_secs(20)) {
        Ok(()) => thread.join().unwrap(),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().unwrap_err());
        }
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end"),
    }
}

async fn answered(service: &TestService, path: &str) -> (u16, String) {
    let answer = service.get(path).await.unwrap();
    let code = answer.json::<Value>().unwrap()["code"].as_str().unwrap().to_owned();
    (answer.status(), code)
}

#[test]
fn an_error_that_panics_is_a_panic_of_its_request_and_any_other_is_what_it_decided() {
    bounded(|| async {
        for unmasked in [false, true] {
            let service = start(unmasked).await;
            for (name, panics) in KINDS {
                let path = format!("/decided/{}", name.replace(' ', "%20"));
                let expected = if panics { (500, "PANIC".to_owned()) } else { (503, "MISCHIEF".to_owned()) };
                assert_eq!(answered(&service, &path).await, expected, "{path}");
                assert_eq!(service.get("/ok").await.unwrap().text(), "ok");
            }
        }
    });
}

#[test]
fn every_host_answers_alike() {
    bounded(|| async {
        let host = || app().test().var("LIFT_TRIGGER_TRADES", "trades").var("LIFT_TRIGGER_MANY", "many");
        let flow = async |client: &TestService| {
            for (name, panics) in KINDS {
                let path = format!("/decided/{}", name.replace(' ', "%20"));
                let answer = client.get(path).header("host", "shop.example.com").await?;
                assert_eq!(answer.status(), if panics { 500 } else { 503 }, "{name}");
            }
            Ok(())
        };
        lift::testing::conformance(host, flow).await.unwrap();
    });
}

#[test]
fn whatever_stands_behind_an_error_panics_for_its_own_request_alone() {
    bounded(|| async {
        let unmasked = start(true).await;
        let masked = start(false).await;
        for (name, panics) in KINDS {
            let escaped = name.replace(' ', "%20");
            let path = format!("/shop/shut/{escaped}");
            let decided = if name == "drop" { "GONE" } else { "SHUT" };
            let expected = if panics { (500, "PANIC") } else { (503, decided) };
            let (status, code) = answered(&unmasked, &path).await;
            assert_eq!((status, code.as_str()), expected, "{path}");
            if name == "drop" {
                continue;
            }
            // Where the text stays out of the log, it may never be asked for.
            let (status, code) = answered(&masked, &path).await;
            assert!(
                (status, code.as_str()) == expected || (status, code.as_str()) == (503, decided),
                "{path}"
            );
            let path = format!("/opaque/{escaped}");
            let expected = if panics { "PANIC" } else { "INTERNAL" };
            assert_eq!(answered(&unmasked, &path).await, (500, expected.to_owned()), "{path}");
            assert_eq!(answered(&masked, &path).await.0, 500, "{path}");
            assert_eq!(unmasked.get("/ok").await.unwrap().text(), "ok");
        }
    });
}

#[test]
fn a_public_text_that_cannot_be_made_is_a_panic() {
    bounded(|| async {
        let service = start(false).await;
        for name in ["display", "payload", "late", "refuses"] {
            let answer = answered(&service, &format!("/shop/missing/{name}")).await;
            assert_eq!(answer, (500, "PANIC".to_owned()), "{name}");
        }
        assert_eq!(service.get("/ok").await.unwrap().text(), "ok");
    });
}

#[test]
fn the_error_of_a_body_is_no_other() {
    bounded(|| async {
        for unmasked in [false, true] {
            let service = start(unmasked).await;
            for (name, _) in KINDS {
                let (status, code) = answered(&service, &format!("/body/{}", name.replace(' ', "%20"))).await;
                assert_eq!(status, 500, "{name}");
                assert!(["PANIC", "RESPONSE_BODY_BROKEN"].contains(&code.as_str()), "{name}: {code}");
            }
        }
    });
}

#[test]
fn a_direct_invoke_gets_a_failure_whose_chain_can_be_read() {
    bounded(|| async {
        for unmasked in [false, true] {
            let service = start(unmasked).await;
            for (name, panics) in KINDS {
                let failure = service.invoke::<()>("trade", format!("shut/{name}")).await.unwrap_err();
                let decided = if name == "drop" { "GONE" } else { "SHUT" };
                if unmasked {
                    assert_eq!(failure.code(), if panics { "PANIC" } else { decided }, "{name}");
                }
                let chain = failure.chain().unwrap();
                assert!(chain.len() < 32 * 1024, "{name}: {} bytes", chain.len());
                assert!(format!("{failure:?}").contains(failure.code()));
            }
        }
    });
}

fn kinesis(bodies: &[&str]) -> String {
    use base64::Engine;
    let record = |(index, body): (usize, &&str)| {
        let data = base64::engine::general_purpose::STANDARD.encode(json!(body).to_string());
        json!({"kinesis": {"partitionKey": "k", "sequenceNumber": format!("{index}"), "data": data},
            "eventSource": "aws:kinesis", "eventID": format!("shardId-0:{index}"),
            "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/together"})
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
}

#[test]
fn of_a_queue_only_the_record_fails_whose_error_misbehaves() {
    bounded(|| async {
        for unmasked in [false, true] {
            let service = start(unmasked).await;
            let mut bodies = vec!["ok".to_owned()];
            for (name, _) in KINDS {
                bodies.extend([format!("shut/{name}"), "ok".to_owned(), format!("says/{name}")]);
            }
            let expected: Vec<_> =
                (0..bodies.len()).filter(|at| bodies[*at] != "ok").map(|at| format!("m{at}")).collect();
            for queue in ["trades", "many"] {
                let messages =
                    (0..).map(|at| format!("m{at}")).zip(bodies.iter().map(|body| json!(body).to_string()));
                assert_eq!(failed(&service, sqs_of(queue, messages)).await, expected, "{queue}");
            }
        }
    });
}

#[test]
fn a_batch_that_is_handled_together_comes_again_as_a_whole() {
    bounded(|| async {
        for unmasked in [false, true] {
            let service = start(unmasked).await;
            for (name, _) in KINDS {
                let event = kinesis(&["ok", &format!("shut/{name}"), "ok"]);
                assert_eq!(failed(&service, event).await, ["0"], "{name}");
            }
            assert!(failed(&service, kinesis(&["ok", "ok"])).await.is_empty());
        }
    });
}

/// A connection that cannot be opened, and a check that fails, by this mischief.
struct Opened;

impl Resource for Opened {
    type Config = lift::config::NoSettings;
    type Error = BoxError;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("opened").max_size(1)
    }

    async fn initialize(_: &Self::Config, _: &lift::Init) -> Result<Self, BoxError> {
        Err("the test opens it".into())
    }

    async fn health_check(&mut self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[lift::handler(GET, "/opened")]
async fn opened(_: Pooled<Opened>) {}

#[test]
fn a_resource_whose_error_misbehaves_is_not_available_and_nothing_else() {
    bounded(|| async {
        for unmasked in ["false", "true"] {
            for (name, panics) in KINDS {
                let error = move || -> BoxError {
                    if name == "drop" { ShopError::Gone(Dropped).into() } else { Mischief(name).into() }
                };
                let open = move || std::future::ready(Err::<Opened, _>(error()));
                let app = App::new("away").handlers(lift::handlers![opened, ok]).test();
                let service = app.var("LIFT_LOG_UNMASKED_ERRORS", unmasked).with::<Opened>(open);
                let service = service.start().await.unwrap();
                let (status, code) = answered(&service, "/opened").await;
                assert!(
                    (status, code.as_str()) == (503, "RESOURCE_UNAVAILABLE") || (panics && status == 500),
                    "{name}: {status} {code}"
                );
                assert_eq!(service.get("/health").await.unwrap().status(), 503, "{name}");
                assert_eq!(service.get("/ok").await.unwrap().text(), "ok");
            }
        }
    });
}

#[lift::health_check(name = "sound")]
async fn sound() {}

struct Sick(&'static str);

impl lift::health::HealthCheck for Sick {
    fn name(&self) -> &str {
        "sick"
    }

    fn check(&self) -> futures_util::future::BoxFuture<'_, lift::Health> {
        use lift::health::Verdict;
        Box::pin(async { Err::<(), _>(Mischief(self.0)).health() })
    }
}

#[test]
fn a_check_whose_error_misbehaves_is_unhealthy_and_nothing_else() {
    bounded(|| async {
        for unmasked in ["false", "true"] {
            for (name, _) in KINDS {
                let app =
                    App::new("sick").health_check(Sick(name)).health_checks(lift::health_checks![sound]);
                let service = app.test().var("LIFT_LOG_UNMASKED_ERRORS", unmasked).start().await.unwrap();
                let report: Value = service.get("/health").await.unwrap().json().unwrap();
                assert_eq!(report["components"]["sick"]["status"], "unhealthy", "{name}");
                assert_eq!(report["components"]["sound"]["status"], "healthy", "{name}");
            }
        }
    });
}

#[test]
fn a_start_function_whose_error_misbehaves_is_a_start_error_that_can_be_read() {
    bounded(|| async {
        for (name, _) in KINDS {
            let fails = move || std::future::ready(Err::<(), _>(Mischief(name)));
            let error = App::new("start").on_start(fails).test().start().await.err().unwrap();
            let text = error.to_string();
            assert!(text.contains("failed") && text.len() < 32 * 1024, "{name}: {} bytes", text.len());
            assert_eq!(text, format!("{error:?}"));
        }
    });
}

#[tokio::test]
async fn a_start_function_that_panics_is_a_start_error() {
    let panics = async || -> Result<(), Mischief> { std::panic::panic_any(Bomb) };
    let error = App::new("start").on_start(panics).test().start().await.err().unwrap();
    assert!(error.to_string().contains("failed: it panicked: a payload that is not text"), "{error}");
}

/// The failure of a request whose handler has ended is kept for a layer or a test.
#[tokio::test]
async fn a_panic_of_an_error_says_which_failure_it_stood_behind() {
    let service = start(true).await;
    let failure: Failure = service.invoke::<()>("trade", "shut/display").await.unwrap_err();
    assert_eq!((failure.code(), failure.origin()), ("PANIC", Origin::Panic));
    let chain = failure.chain().unwrap();
    assert!(chain.contains("no text for you") && chain.contains("SHUT"), "{chain}");
}
