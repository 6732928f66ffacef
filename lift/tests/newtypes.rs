//! What a newtype around a resource keeps of it, and what runs after it has been opened.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lift::clock::Clock;
use lift::config::{Invalid, NoSettings, Section, Settings};
use lift::prelude::*;
use lift::resource::{ResourceSpec, Warm};
use lift::testing::TestService;
use lift::{BoxError, Init};

static EVENTS: Mutex<Vec<(String, &'static str)>> = Mutex::new(Vec::new());

/// Notes what happened in one test.
fn note(test: &str, event: &'static str) {
    EVENTS.lock().unwrap().push((test.to_owned(), event));
}

fn events(test: &str) -> Vec<&'static str> {
    EVENTS.lock().unwrap().iter().filter(|(of, _)| of == test).map(|(_, event)| *event).collect()
}

struct Test(String);

impl Settings for Test {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self(section.required("test", "name")?))
    }
}

/// The inner resource.
struct Wire {
    test: String,
    broken: AtomicBool,
}

#[derive(Debug, thiserror::Error)]
#[error("the wire is cut")]
struct Cut;

impl lift::Resource for Wire {
    type Config = Test;
    type Error = Cut;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("wire").warm(Warm::Lazy)
    }

    async fn initialize(test: &Test, _: &Init) -> Result<Self, Cut> {
        note(&test.0, "open");
        Ok(Self { test: test.0.clone(), broken: AtomicBool::new(false) })
    }

    fn is_valid(&self) -> bool {
        !self.broken.load(Ordering::SeqCst)
    }

    async fn health_check(&mut self) -> Result<(), Cut> {
        note(&self.test, "check");
        Err(Cut)
    }

    async fn cleanup(self) {
        if self.test.ends_with("slow to close") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        note(&self.test, "close");
    }
}

/// Opened by a function of its own.
#[derive(lift::Resource)]
#[resource(name = "db", initialize = Self::open, config = Test, error = BoxError, pool(max_size = 1, warm = "lazy"))]
struct Db(Wire);

impl Db {
    async fn open(test: &Test, init: &Init) -> Result<Self, BoxError> {
        Ok(Self(Wire::initialize(test, init).await?))
    }
}

/// Its functions go before those of the inner resource.
#[derive(lift::Resource)]
#[resource(name = "own", initialize = Self::open, is_valid = Self::fine, health_check = Self::ping, cleanup = Self::end, config = Test)]
#[resource(pool(max_size = 1, warm = "lazy"))]
struct Own(Wire);

impl Own {
    async fn open(test: &Test, init: &Init) -> Result<Self, BoxError> {
        Ok(Self(Wire::initialize(test, init).await?))
    }

    fn fine(&self) -> bool {
        true
    }

    async fn ping(&mut self) -> Result<(), BoxError> {
        note(&self.test, "own check");
        Ok(())
    }

    async fn end(self) {
        note(&self.test, "own close");
    }
}

#[derive(lift::Resource)]
#[resource(name = "prepared", after_connect = Self::prepare, pool(max_size = 1, warm = "lazy"))]
struct Prepared(Wire);

impl Prepared {
    async fn prepare(&mut self) -> Result<(), Cut> {
        note(&self.test, "prepare");
        match self.test.trim_start_matches("by hand, ") {
            "refused" | "refused, slow to close" => Err(Cut),
            "panics" => std::panic::resume_unwind(Box::new("a bug in preparing")),
            "hangs" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

/// Around a value that is no resource.
#[derive(lift::Resource)]
#[resource(name = "plain", initialize = Self::open, pool(max_size = 1, warm = "lazy"))]
struct Plain(String);

impl Plain {
    async fn open(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Ok(Self("plain".to_owned()))
    }
}

#[lift::handler(GET, "/db")]
async fn db(db: Pooled<Db>) -> String {
    // `Deref` reaches the fields of the inner resource.
    db.test.clone()
}

#[lift::handler(GET, "/cut")]
async fn cut(db: Pooled<Db>) {
    db.broken.store(true, Ordering::SeqCst);
}

#[lift::handler(GET, "/own")]
async fn own(db: Pooled<Own>) {
    db.broken.store(true, Ordering::SeqCst);
}

#[lift::handler(GET, "/prepared")]
async fn prepared(db: Pooled<Prepared>) -> String {
    db.test.clone()
}

#[lift::handler(GET, "/plain")]
async fn plain(plain: Pooled<Plain>) -> String {
    plain.to_uppercase()
}

async fn service(test: &str) -> TestService {
    let app = App::new("newtypes").handlers(lift::handlers![db, cut, own, prepared, plain]);
    let host = app.test().clock(&Clock::held());
    let host =
        ["DB_TEST", "OWN_TEST", "PREPARED_TEST"].into_iter().fold(host, |host, name| host.var(name, test));
    host.start().await.unwrap()
}

#[tokio::test]
async fn a_newtype_that_opens_itself_keeps_the_inner_resources_judgement_check_and_cleanup() {
    let service = service("kept").await;
    assert_eq!(service.get("/db").await.unwrap().text(), "kept");
    assert_eq!(events("kept"), ["open"]);
    // `is_valid`: what is cut is closed when it comes back, and another one is opened.
    service.get("/cut").await.unwrap();
    assert_eq!(service.get("/db").await.unwrap().text(), "kept");
    assert_eq!(events("kept"), ["open", "close", "open"]);
    // `health_check`.
    let report = service.get("/health/components/db").await.unwrap().text();
    assert!(report.contains("unhealthy"), "{report}");
    let seen = events("kept");
    assert_eq!(seen.get(3), Some(&"check"), "{seen:?}");
    service.close().await;
    let seen = events("kept");
    assert_eq!(seen.iter().filter(|e| **e == "open").count(), seen.iter().filter(|e| **e == "close").count());
}

#[tokio::test]
async fn a_newtypes_own_functions_go_before_the_inner_resources() {
    let service = service("own").await;
    service.get("/own").await.unwrap();
    service.get("/own").await.unwrap();
    assert_eq!(service.get("/health/components/own").await.unwrap().status(), 200);
    service.close().await;
    assert_eq!(events("own"), ["open", "own check", "own close"]);
}

#[tokio::test]
async fn a_newtype_around_a_plain_value_derefs_to_it_and_is_always_well() {
    let service = service("plain").await;
    assert_eq!(service.get("/plain").await.unwrap().text(), "PLAIN");
    assert_eq!(service.get("/health/components/plain").await.unwrap().status(), 200);
}

#[tokio::test]
async fn after_connect_runs_once_for_each_connection_before_it_is_lent() {
    let service = service("prepared").await;
    for _ in 0..3 {
        assert_eq!(service.get("/prepared").await.unwrap().text(), "prepared");
    }
    assert_eq!(events("prepared"), ["open", "prepare"]);
}

#[tokio::test]
async fn a_connection_that_after_connect_refuses_is_closed_and_never_lent() {
    let service = service("refused").await;
    assert_eq!(service.get("/prepared").await.unwrap().status(), 503);
    all_closed("refused");
}

#[tokio::test(start_paused = true)]
async fn what_after_connect_refuses_has_its_place_until_it_is_closed() {
    let service = service("refused, slow to close").await;
    assert_eq!(service.get("/prepared").await.unwrap().status(), 503);
    all_closed("refused, slow to close");
}

#[tokio::test(start_paused = true)]
async fn after_connect_has_its_part_of_the_connect_timeout() {
    let service = service("hangs").await;
    let begin = tokio::time::Instant::now();
    assert_eq!(service.get("/prepared").await.unwrap().status(), 503);
    assert!(begin.elapsed() <= Duration::from_secs(2), "{:?}", begin.elapsed());
    service.close().await;
    all_closed("hangs");
}

#[tokio::test]
async fn a_connection_over_which_after_connect_panics_is_closed_and_never_lent() {
    let service = service("panics").await;
    assert_eq!(service.get("/prepared").await.unwrap().status(), 503);
    all_closed("panics");
}

/// Each connection was closed before the next one was opened.
fn all_closed(test: &str) {
    let seen = events(test);
    assert!(!seen.is_empty() && seen.len().is_multiple_of(3), "{seen:?}");
    assert!(seen.chunks(3).all(|one| one == ["open", "prepare", "close"]), "{seen:?}");
}

#[tokio::test]
async fn what_is_opened_by_hand_and_cannot_be_prepared_is_closed_too() {
    for test in ["by hand, refused", "by hand, hangs"] {
        let (config, init) = (Test(test.to_owned()), Init::new("by-hand", Duration::from_secs(1)));
        let opening = Prepared::initialize(&config, &init);
        let opened = tokio::time::timeout(Duration::from_millis(10), opening).await;
        assert!(!matches!(opened, Ok(Ok(_))));
        assert!(format!("{init:?}").ends_with("unprepared: Unprepared, pooled: false }"), "{init:?}");
        assert_eq!(events(test), ["open", "prepare"], "whoever opens it by hand can take its cleanup over");
        drop(init);
        tokio::task::yield_now().await;
        all_closed(test);
    }
}
