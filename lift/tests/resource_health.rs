//! The health of resources: its keys, whose names are told, and what becomes of the connections of checks.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly
#![allow(clippy::await_holding_lock)] // each test has a runtime of its own

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lift::clock::Clock;
use lift::config::NoSettings;
use lift::prelude::*;
use lift::testing::{TestHost, TestService};
use lift::{BoxError, Init};

/// The checks of [`Sick`] since a service started.
static CHECKS: AtomicUsize = AtomicUsize::new(0);

/// Opens, and fails every check but the first.
#[derive(lift::Resource)]
#[resource(name = "sick", initialize = Self::open, health_check = Self::ping)]
#[resource(health(fail_after = 2, recover_after = 1, interval = "1h", enabled = true))]
struct Sick;

impl Sick {
    async fn open(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Ok(Self)
    }

    async fn ping(&mut self) -> Result<(), BoxError> {
        if CHECKS.fetch_add(1, Ordering::SeqCst) == 0 { Ok(()) } else { Err("sick".into()) }
    }
}

#[derive(lift::Resource)]
#[resource(name = "silent", initialize = Self::open, health(enabled = false))]
struct Silent;

impl Silent {
    async fn open(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

#[lift::handler(GET, "/")]
async fn takes(_: Pooled<Sick>, _: Pooled<Silent>) {}

fn host(clock: &Clock) -> TestHost {
    let app = App::new("health").handlers(lift::handlers![takes]).health_group("mine", ["sick", "silent"]);
    app.test().clock(clock)
}

/// Runs alone: what the tests count is static.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The statuses of the first looks at the sick resource.
async fn looks(host: TestHost, clock: &Clock) -> Vec<u16> {
    CHECKS.store(0, Ordering::SeqCst);
    let service = host.start().await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(service.get("/health/components/sick").await.unwrap().status());
        clock.advance(Duration::from_secs(2));
    }
    statuses
}

#[tokio::test]
async fn a_resource_is_reported_as_bad_after_as_many_results_as_its_key_says() {
    let _alone = alone();
    let clock = Clock::held();
    assert_eq!(looks(host(&clock), &clock).await, [200, 200, 503, 503]);
    assert_eq!(looks(host(&clock).var("SICK_HEALTH_FAIL_AFTER", "1"), &clock).await, [200, 503, 503, 503]);
    assert_eq!(looks(host(&clock).var("SICK_HEALTH_FAIL_AFTER", "3"), &clock).await, [200, 200, 200, 503]);
}

#[tokio::test]
async fn a_resource_is_a_component_unless_it_is_switched_off() {
    let clock = Clock::held();
    let service = host(&clock).start().await.unwrap();
    assert_eq!(service.get("/health/components/silent").await.unwrap().status(), 404);
    let service = host(&clock).var("SILENT_HEALTH_ENABLED", "true").start().await.unwrap();
    assert_eq!(service.get("/health/components/silent").await.unwrap().status(), 200);
    let service = host(&clock).var("SICK_HEALTH_ENABLED", "false").start().await.unwrap();
    assert_eq!(service.get("/health/components/sick").await.unwrap().status(), 404);
}

#[tokio::test]
async fn limits_of_a_resources_health_that_cannot_work_are_told() {
    for (key, value, words) in [
        ("FAIL_AFTER", "0", "is not between 1 and 100"),
        ("RECOVER_AFTER", "101", "is not between 1 and 100"),
        ("INTERVAL", "0s", "must be longer than zero"),
        ("TIMEOUT", "5", "`5` is not a duration"),
        ("ENABLED", "perhaps", "`perhaps` is not `true` or `false`"),
    ] {
        let variable = format!("SICK_HEALTH_{key}");
        let text = host(&Clock::held()).var(&variable, value).check().unwrap_err().to_string();
        assert!(text.contains(&format!("{variable}: ")) && text.contains(words), "{text}");
    }
}

/// All that a client sees of an answer, without the id of its request and the path that it asked for.
async fn seen(service: &TestService, method: http::Method, path: &str, accept: &str) -> String {
    let request = service.request(method, path).header("accept", accept).header("x-request-id", "one");
    let answer = request.await.unwrap();
    let names =
        ["content-type", "content-length", "cache-control", "allow", "x-request-id", "retry-after", "vary"];
    let headers: Vec<_> = names.iter().map(|name| (name, answer.header(name))).collect();
    format!("{} {headers:?} {}", answer.status(), answer.text())
}

#[tokio::test]
async fn names_that_are_hidden_cannot_be_guessed() {
    let _alone = alone();
    let clock = Clock::held();
    CHECKS.store(0, Ordering::SeqCst);
    let hidden = host(&clock).var("LIFT_HEALTH_PUBLIC_NAMES", "false");
    let hidden = hidden.var("LIFT_HEALTH_DETAILS", "authorized").var("LIFT_HEALTH_TOKEN", "0123456789abcdef");
    let service = hidden.start().await.unwrap();
    use http::Method;
    for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
        for accept in ["*/*", "application/json", "application/health+json", "text/plain"] {
            for rest in ["", "/", "/x", "/x/y", "%2F", "%2Fx", "?verbose", "//"] {
                let mut answers = Vec::new();
                // One that works, one that is unhealthy, one that is switched off, none, and a group.
                for name in ["sick", "silent", "nobody", "mine", "ready", "a%20b", ""] {
                    let path = format!("/health/components/{name}{rest}");
                    // An empty name is another path.
                    if !name.is_empty() || rest.is_empty() {
                        answers.push((path.clone(), seen(&service, method.clone(), &path, accept).await));
                    }
                }
                for (path, answer) in &answers {
                    assert_eq!(*answer, answers[0].1, "{method} {path}, {accept}");
                }
            }
        }
    }
    // No check was run for them, so the time that it takes says nothing either.
    assert_eq!(CHECKS.load(Ordering::SeqCst), 0);

    let known = async |token: &str| {
        let request =
            service.get("/health/components/sick").header("authorization", format!("Bearer {token}"));
        request.await.unwrap().status()
    };
    assert_eq!((known("0123456789abcdef").await, known("0123456789abcdeg").await), (200, 404));
    // The probes themselves stay.
    for (path, status) in [("/health", 200), ("/health/components", 200), ("/health/mine", 200)] {
        let answer = service.get(path).await.unwrap();
        assert_eq!((answer.status(), answer.text().contains("sick")), (status, false), "{path}");
    }
    // Whoever may invoke the function may know them.
    let report = service.event(r#"{"lift": "health"}"#).await.unwrap();
    assert!(String::from_utf8_lossy(&report).contains("sick"), "{report:?}");
}

#[tokio::test]
async fn names_that_are_shown_are_told_from_unknown_ones() {
    let _alone = alone();
    CHECKS.store(0, Ordering::SeqCst);
    let service = host(&Clock::held()).start().await.unwrap();
    for (path, status, code) in [
        ("/health/components/sick", 200, None),
        ("/health/components/nobody", 404, Some("COMPONENT_NOT_FOUND")),
        ("/health/components/sick/x", 404, Some("COMPONENT_NOT_FOUND")),
        ("/health/nothing/x", 404, Some("ROUTE_NOT_FOUND")),
    ] {
        let answer = service.get(path).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let body: serde_json::Value = answer.json().unwrap();
        assert_eq!(body["code"].as_str(), code, "{path}");
    }
}

/// The backend of [`Wire`], as it sees its connections.
#[derive(Debug, Default)]
struct Backend {
    opened: usize,
    open: BTreeSet<usize>,
    most_open: usize,
    /// Each lending, by its connection.
    lent: Vec<usize>,
    /// How the next checks end.
    end: End,
}

/// How a check ends that holds a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Returns,
    Hangs,
    Panics,
    /// Hangs beside something whose drop panics before the connection is dropped.
    HangsArmed,
}

static BACKEND: Mutex<Option<Backend>> = Mutex::new(None);

fn backend<T>(look: impl FnOnce(&mut Backend) -> T) -> T {
    look(BACKEND.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

/// A connection that does not know by itself that a call on it was given up.
#[derive(lift::Resource)]
#[resource(name = "wire", initialize = Self::open, health_check = Self::ping, cleanup = Self::close)]
#[resource(pool(max_size = 1), health(timeout = "50ms", enabled = false))]
struct Wire(usize);

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

impl Wire {
    async fn open(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Ok(Self(backend(|backend| {
            backend.opened += 1;
            backend.open.insert(backend.opened);
            backend.most_open = backend.most_open.max(backend.open.len());
            backend.opened
        })))
    }

    /// One exchange, which ends as the backend says.
    async fn exchange(&mut self) {
        let end = backend(|backend| {
            backend.lent.push(self.0);
            backend.end
        });
        match end {
            End::Returns => {}
            End::Hangs => std::future::pending().await,
            End::Panics => panic!("half-way through"),
            End::HangsArmed => {
                let _bomb = Bomb;
                std::future::pending().await
            }
        }
    }

    async fn ping(&mut self) -> Result<(), BoxError> {
        self.exchange().await;
        Ok(())
    }

    async fn close(self) {
        backend(|backend| backend.open.remove(&self.0));
    }
}

#[lift::handler(GET, "/wire")]
async fn wire(mut wire: Pooled<Wire>) -> String {
    wire.exchange().await;
    wire.0.to_string()
}

#[lift::health_check(name = "mine", timeout = "50ms")]
async fn takes_one(mut wire: Pooled<Wire>) {
    wire.exchange().await;
}

#[lift::health_check(name = "mine", timeout = "50ms")]
async fn takes_one_if_there_is_one(wire: Option<Pooled<Wire>>) {
    if let Some(mut wire) = wire {
        wire.exchange().await;
    }
}

#[lift::health_check(name = "mine", timeout = "50ms")]
async fn takes_the_pool(pool: Pool<Wire>) -> Result<(), lift::PoolError> {
    let mut wire = pool.get().await?;
    wire.exchange().await;
    Ok(())
}

/// The connection that a handler is lent before a check that ends in this way, and after it; what became of it at the
/// backend.
async fn around(end: End, checks: lift::health::Checks, own: &str) -> (usize, usize) {
    backend(|backend| *backend = Backend::default());
    let app = App::new("health").handlers(lift::handlers![wire]).health_checks(checks);
    let service = app.test().var("WIRE_HEALTH_ENABLED", own).start().await.unwrap();
    let lent = async || service.get("/wire").await.unwrap().text().parse::<usize>().unwrap();
    let before = lent().await;
    backend(|backend| backend.end = end);
    let status = service.get("/health").await.unwrap().status();
    assert_eq!(status, if end == End::Returns { 200 } else { 503 }, "{end:?}");
    backend(|backend| backend.end = End::Returns);
    let after = lent().await;
    backend(|backend| {
        // Looked at from the backend: the check had that connection, which is closed and was not used again.
        assert_eq!(backend.lent, [before, before, after], "{end:?}");
        assert_eq!((backend.opened, backend.most_open), (after, 1), "{end:?}");
        assert_eq!(backend.open, BTreeSet::from([after]), "{end:?}");
    });
    (before, after)
}

#[tokio::test]
async fn a_connection_of_a_check_that_does_not_end_is_closed_and_never_lent_again() {
    let _alone = alone();
    for end in [End::Hangs, End::Panics, End::HangsArmed] {
        for checks in [
            lift::health_checks![takes_one],
            lift::health_checks![takes_one_if_there_is_one],
            lift::health_checks![takes_the_pool],
        ] {
            assert_eq!(around(end, checks, "false").await, (1, 2), "{end:?}");
        }
        // The pool's own check.
        assert_eq!(around(end, lift::health_checks![], "true").await, (1, 2), "{end:?}, by the pool");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_several_threads_as_well() {
    let _alone = alone();
    for end in [End::Hangs, End::Panics, End::HangsArmed] {
        assert_eq!(around(end, lift::health_checks![takes_one], "false").await, (1, 2), "{end:?}");
        assert_eq!(around(end, lift::health_checks![], "true").await, (1, 2), "{end:?}, by the pool");
    }
}

#[tokio::test]
async fn a_connection_of_a_check_that_ends_is_lent_again() {
    let _alone = alone();
    assert_eq!(around(End::Returns, lift::health_checks![takes_one], "false").await, (1, 1));
    assert_eq!(around(End::Returns, lift::health_checks![], "true").await, (1, 1));
}

#[lift::handler(GET, "/pools")]
async fn pools(context: lift::Context) -> String {
    format!("{:?}", context.pools())
}

#[tokio::test]
async fn a_pools_numbers_are_the_same_for_a_handler_a_test_and_the_report() {
    let _alone = alone();
    backend(|backend| *backend = Backend::default());
    let app = App::new("health").handlers(lift::handlers![wire, pools]);
    let host = app.test().clock(&Clock::held()).var("WIRE_HEALTH_ENABLED", "true");
    let host = host.var("WIRE_POOL_WARM", "lazy").var("LIFT_HEALTH_DETAILS", "always");
    let service = host.start().await.unwrap();
    let numbers = || {
        let [(name, stats)] = service.pools().try_into().unwrap();
        assert_eq!(name, "wire");
        stats
    };
    assert_eq!((numbers().gets, numbers().hit_rate()), (0, None));
    // The first one waits for its connection, the others find it.
    for gets in 1..=4_u32 {
        service.get("/wire").await.unwrap();
        let rate = f64::from(gets - 1) / f64::from(gets) * 100.0;
        assert!(
            numbers().hit_rate().is_some_and(|hits| (hits - rate).abs() < 1e-9),
            "{gets}: {:?}",
            numbers()
        );
    }
    assert_eq!(service.get("/pools").await.unwrap().text(), format!("{:?}", service.pools()));
    // Its check is one more that finds the connection.
    let report = service.get("/health/components/wire").await.unwrap().json::<serde_json::Value>().unwrap();
    assert_eq!(report["components"]["wire"]["details"]["hit_rate"], 80.0, "{report}");
    assert_eq!(numbers().hit_rate(), Some(80.0));
}
