//! The keys of a resource's health: in the attribute, and in settings over it.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lift::clock::Clock;
use lift::config::NoSettings;
use lift::prelude::*;
use lift::testing::TestHost;
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

/// Runs alone: the backend is one.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
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
#[allow(clippy::await_holding_lock)] // each test has a runtime of its own
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
#[allow(clippy::await_holding_lock)] // each test has a runtime of its own
async fn on_several_threads_as_well() {
    let _alone = alone();
    for end in [End::Hangs, End::Panics, End::HangsArmed] {
        assert_eq!(around(end, lift::health_checks![takes_one], "false").await, (1, 2), "{end:?}");
        assert_eq!(around(end, lift::health_checks![], "true").await, (1, 2), "{end:?}, by the pool");
    }
}

#[tokio::test]
#[allow(clippy::await_holding_lock)] // each test has a runtime of its own
async fn a_connection_of_a_check_that_ends_is_lent_again() {
    let _alone = alone();
    assert_eq!(around(End::Returns, lift::health_checks![takes_one], "false").await, (1, 1));
    assert_eq!(around(End::Returns, lift::health_checks![], "true").await, (1, 1));
}
