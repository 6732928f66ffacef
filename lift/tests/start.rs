//! What is found at start, and what a start does when a server is away.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum_core::extract::{FromRequest, FromRequestParts, Request};
use common::{Counts, Numbered};
use http::request::Parts;
use lift::prelude::*;
use lift::testing::{TestHost, check};

/// Takes a connection at once, and does not say so.
struct Silent;

impl<S: Send + Sync> FromRequestParts<S> for Silent {
    type Rejection = PoolError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PoolError> {
        Pooled::<Numbered>::from_request_parts(parts, state).await.map(|_| Self)
    }
}

/// Keeps the connection, behind a login.
struct Session {
    _db: Pooled<Numbered>,
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = http::StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let login = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
        login.and_then(|login| login.strip_prefix("Bearer ")).ok_or(http::StatusCode::UNAUTHORIZED)?;
        let db = Pooled::from_request_parts(parts, state).await;
        Ok(Self { _db: db.map_err(|_| http::StatusCode::SERVICE_UNAVAILABLE)? })
    }
}

/// Takes a value from the context, and the body.
struct Signed;

impl<S: Send + Sync> FromRequest<S> for Signed {
    type Rejection = lift::Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, lift::Failure> {
        let (mut parts, _) = request.into_parts();
        let _key = Shared::<u8>::from_request_parts(&mut parts, state).await?;
        let _pool = Pool::<Numbered>::from_request_parts(&mut parts, state).await?;
        Ok(Self)
    }
}

/// Looks at the query first.
struct Linked;

impl<S: Send + Sync> FromRequestParts<S> for Linked {
    type Rejection = PoolError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PoolError> {
        if parts.uri.query().is_some_and(|query| query.contains("token=")) {
            let within = Duration::from_secs(1);
            let taken =
                tokio::time::timeout(within, Pooled::<Numbered>::from_request_parts(parts, state)).await;
            drop(taken.map_err(|_| ()));
        }
        Ok(Self)
    }
}

/// Says what it takes.
struct Honest;

impl lift::Uses for Honest {
    type Resources = (Pooled<Numbered>,);
}

impl<S: Send + Sync> FromRequestParts<S> for Honest {
    type Rejection = PoolError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PoolError> {
        Pooled::<Numbered>::from_request_parts(parts, state).await.map(|_| Self)
    }
}

/// Fails in every way that is none of lift's business, and takes nothing.
struct Panics;

impl<S: Send + Sync> FromRequestParts<S> for Panics {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        tokio::task::yield_now().await;
        panic!("only in a request")
    }
}

#[lift::handler(GET, "/silent/{id}")]
async fn silent(id: u32, _user: Silent) -> String {
    id.to_string()
}

#[lift::handler(GET, "/again")]
async fn again(_: Result<Silent, PoolError>) {}

#[lift::handler(GET, "/session")]
async fn session(_: Session) {}

#[lift::handler(POST, "/signed")]
async fn signed(_: Signed) {}

#[lift::handler(GET, "/linked")]
async fn linked(_: Linked) {}

#[lift::handler(sqs = "jobs")]
async fn job(_: Silent) {}

#[lift::handler(GET, "/honest")]
async fn honest(_: Honest) {}

#[lift::handler(GET, "/panics")]
async fn panics(_: Panics) {}

#[test]
fn an_extractor_that_takes_a_resource_without_saying_so_is_found_by_check() {
    let told = |app: App| check(app).map_or_else(|faults| faults.to_string(), |()| String::new());
    let all = told(App::new("test").handlers(lift::handlers![silent, session, signed, panics, again]));
    for expected in [
        "3 things are wrong",
        "lift/tests/start.rs:",
        "`silent` takes `Silent`, which takes `Pooled<Numbered>` without saying so",
        "help: write `impl lift::Uses for Silent { type Resources = (Pooled<Numbered>,); }`",
        "`session` takes `Session`, which takes `Pooled<Numbered>` without saying so",
        "`signed` takes `Signed`, which takes `Shared<u8>` without saying so",
    ] {
        assert!(all.contains(expected), "{expected}\n{all}");
    }
    let queue = told(App::new("test").handlers(lift::handlers![job]));
    assert!(queue.contains("`job` takes `Silent`"), "{queue}");
    let behind_a_query = told(App::new("test").handlers(lift::handlers![linked]));
    assert!(behind_a_query.contains("`linked` takes `Linked`"), "{behind_a_query}");
    let optional = told(App::new("test").handlers(lift::handlers![again]));
    assert!(optional.contains("`again` takes `Silent`") && optional.contains("1 thing"), "{optional}");
    assert_eq!(told(App::new("test").handlers(lift::handlers![honest, panics])), "");
    // Something else brings what it takes, so that it finds it.
    assert_eq!(told(App::new("test").handlers(lift::handlers![silent, honest, session])), "");
    assert_eq!(told(App::new("test").handlers(lift::handlers![signed, honest]).provide(7_u8)), "");
}

#[tokio::test]
async fn it_is_found_at_start_too() {
    let app = App::new("test").handlers(lift::handlers![silent]);
    let told = app.test().start().await.err().unwrap().to_string();
    assert!(told.contains("`silent` takes `Silent`"), "{told}");
}

async fn migrate(_: Pooled<Numbered>) -> Result<(), lift::Error> {
    Ok(())
}

/// An app whose server is away for so many connects.
fn away(counts: &Counts, connects: usize) -> (TestHost, Arc<AtomicUsize>) {
    let (counts, tried) = (counts.clone(), Arc::new(AtomicUsize::new(0)));
    let tries = tried.clone();
    let open = move || {
        let opened = if tried.fetch_add(1, Ordering::SeqCst) < connects {
            Err(lift::Error::msg("connection refused"))
        } else {
            Ok(counts.open())
        };
        std::future::ready(opened)
    };
    (App::new("test").on_start(migrate).test().with::<Numbered>(open), tries)
}

/// All of an error, in one line.
fn chain(error: &lift::Error) -> String {
    format!("{error:?}")
}

#[tokio::test(start_paused = true)]
async fn a_start_function_fails_with_the_cause_and_not_with_the_breakers() {
    let (host, _) = away(&Counts::default(), usize::MAX);
    let told = chain(&host.start().await.err().unwrap());
    assert!(told.contains("cannot connect: connection refused"), "{told}");
    let (host, tries) = away(&Counts::default(), usize::MAX);
    let begun = tokio::time::Instant::now();
    let told = chain(&host.var("LIFT_START_WAIT", "30s").start().await.err().unwrap());
    assert!(told.contains("cannot connect: connection refused"), "{told}");
    let took = begun.elapsed();
    assert!((Duration::from_secs(29)..Duration::from_secs(33)).contains(&took), "{took:?}");
    let tries = tries.load(Ordering::SeqCst);
    assert!((15..100).contains(&tries), "{tries} connects in {took:?}");
}

#[tokio::test(start_paused = true)]
async fn start_functions_are_tried_again_for_as_long_as_start_wait_says() {
    for (wait, away_for, starts) in [("0", 4, false), ("30s", 20, true), ("30s", 0, true)] {
        let (host, _) = away(&Counts::default(), away_for);
        let started = host.var("LIFT_START_WAIT", wait).start().await;
        assert_eq!(started.is_ok(), starts, "{wait}: {:?}", started.err());
    }
    // A mistake in the code is not tried again.
    let runs = Arc::new(AtomicUsize::new(0));
    let ran = runs.clone();
    let broken = move || {
        let ran = ran.clone();
        async move {
            let run = ran.fetch_add(1, Ordering::SeqCst);
            assert!(run > 100, "a mistake");
            Ok::<_, lift::Error>(())
        }
    };
    let started = App::new("test").on_start(broken).test().var("LIFT_START_WAIT", "30s").start().await;
    let told = chain(&started.err().unwrap());
    assert!(told.contains("it panicked") && told.contains("start.rs:"), "{told}");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn values_that_mean_nothing_are_faults_of_the_check() {
    let app = || App::new("test").test();
    for (name, value) in [
        ("LIFT_LOG_FORMAT", "yaml"),
        ("RUST_LOG", "infoo=bar=baz"),
        ("RUST_LOG", "infoo"),
        ("LIFT_HEALTH_TOKEN", "short"),
        ("LIFT_LISTEN", "3000"),
        ("PORT", "http"),
        ("LIFT_START_WAIT", "soon"),
        ("LIFT_SHUTDOWN_GRACE", "0"),
        ("LIFT_HEALTH_INTERVAL", "0"),
    ] {
        let told = app().var(name, value).check().unwrap_err().to_string();
        assert!(told.contains(&format!("1 thing is wrong\n  - {name}: ")), "{name}={value}: {told}");
    }
    assert!(app().var("RUST_LOG", "info,hyper=warn").var("LIFT_LOG_FORMAT", "json").check().is_ok());
}

#[lift::handler(GET, "/number")]
async fn number(db: Pooled<Numbered>) -> String {
    db.number.to_string()
}

/// Each key for which zero is a limit of age: one connection serves all, and no request fails.
#[tokio::test]
async fn an_age_of_zero_is_no_limit() {
    let clock = lift::clock::Clock::held();
    for (key, other) in [("MAX_LIFETIME", "IDLE_TIMEOUT"), ("IDLE_TIMEOUT", "MAX_LIFETIME")] {
        let counts = Counts::default();
        let opened = counts.clone();
        let host = App::new("test").handlers(lift::handlers![number]).test().clock(&clock);
        let host = host.with::<Numbered>(move || std::future::ready(Ok::<_, lift::Error>(opened.open())));
        let host = host.var(format!("NUMBERED_POOL_{key}"), "0").var(format!("NUMBERED_POOL_{other}"), "24h");
        let service = host.start().await.unwrap();
        for _ in 0..50 {
            assert_eq!(service.get("/number").await.unwrap().text(), "1", "{key}");
            clock.advance(Duration::from_secs(660));
            service.maintain();
        }
        assert_eq!((counts.opened(), counts.closed()), (1, 0), "{key}");
    }
}
