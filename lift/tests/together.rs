//! The connections of one call are granted together: calls never wait for each other.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use lift::config::NoSettings;
use lift::extract::FromRequestParts;
use lift::prelude::*;
use lift::testing::TestService;
use lift::{BoxError, Init, Resource};
use tokio::sync::Notify;
use tokio::task::yield_now;

macro_rules! resources {
    ($($name:ident $path:literal $max:literal;)*) => {$(
        #[derive(Resource)]
        #[resource(name = $path, pool(max_size = $max, wait = "20s", warm = "lazy"), initialize = Self::open)]
        struct $name;

        impl $name {
            async fn open(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
                if stringify!($name) == "Away" { Err("it is away".into()) } else { Ok(Self) }
            }
        }
    )*};
}

resources! {
    Four "four" 4;
    Left "left" 1;
    Right "right" 1;
    Third "third" 2;
    Away "away" 2;
}

/// Something that takes a while, with others in between.
async fn work() {
    for _ in 0..5 {
        yield_now().await;
    }
}

#[lift::handler(GET, "/two-of-one")]
async fn two_of_one(_a: Pooled<Four>, _b: Pooled<Four>) {
    work().await;
}

#[lift::handler(GET, "/one-of-four")]
async fn one_of_four(_a: Pooled<Four>) {
    work().await;
}

#[lift::handler(GET, "/left-right")]
async fn left_right(_a: Pooled<Left>, _b: Pooled<Right>) {
    work().await;
}

#[lift::handler(GET, "/right-left")]
async fn right_left(_a: Pooled<Right>, _b: Option<Pooled<Left>>) {
    work().await;
}

#[lift::handler(GET, "/all")]
async fn all(_a: Pooled<Third>, _b: Pooled<Right>, _c: Pooled<Third>, _d: Pooled<Left>, _e: Pooled<Four>) {
    work().await;
}

#[lift::handler(GET, "/left")]
async fn left(_a: Pooled<Left>) {
    work().await;
}

/// Keeps its connection for as long as the call lasts.
struct KeepsLeft(#[allow(dead_code)] Pooled<Left>);
struct KeepsRight(#[allow(dead_code)] Pooled<Right>);
/// Says that it takes two, and takes none.
struct TakesNone;

impl lift::Uses for KeepsLeft {
    type Resources = (Pooled<Left>,);
}

impl lift::Uses for KeepsRight {
    type Resources = (Pooled<Right>,);
}

impl lift::Uses for TakesNone {
    type Resources = (Pooled<Left>, Pooled<Right>);
}

impl<S: Send + Sync> FromRequestParts<S> for KeepsLeft {
    type Rejection = PoolError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, PoolError> {
        Pooled::from_request_parts(parts, state).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for KeepsRight {
    type Rejection = PoolError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, PoolError> {
        Pooled::from_request_parts(parts, state).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TakesNone {
    type Rejection = PoolError;

    async fn from_request_parts(_: &mut http::request::Parts, _: &S) -> Result<Self, PoolError> {
        Ok(Self)
    }
}

#[lift::handler(GET, "/keeps-left")]
async fn keeps_left(_kept: KeepsLeft, _b: Pooled<Right>) {
    work().await;
}

#[lift::handler(GET, "/keeps-right")]
async fn keeps_right(_kept: KeepsRight, _b: Pooled<Left>) {
    work().await;
}

#[lift::handler(GET, "/takes-none")]
async fn takes_none(_none: TakesNone, left: Pool<Left>, right: Pool<Right>, _third: Pooled<Third>) -> String {
    format!("{} {}", left.stats().in_use, right.stats().in_use)
}

async fn start(app: App) -> TestService {
    app.test().start().await.unwrap()
}

/// So many calls of each path, side by side; all of them are served.
async fn served(service: &TestService, count: usize, paths: &[&str]) {
    let calls =
        (0..count).flat_map(|_| paths).map(|path| async move { (path, service.get(path).await.unwrap()) });
    for (path, answer) in join_all(calls).await {
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(15), what)
        .await
        .unwrap_or_else(|_| panic!("it waits for others"))
}

#[tokio::test]
async fn eight_calls_for_two_of_four_are_served() {
    let service = start(App::new("shop").handlers(lift::handlers![two_of_one, one_of_four])).await;
    soon(served(&service, 8, &["/two-of-one"])).await;
    soon(served(&service, 20, &["/two-of-one", "/one-of-four", "/one-of-four"])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opposite_orders_are_served() {
    let service = start(App::new("shop").handlers(lift::handlers![left_right, right_left, all, left])).await;
    soon(served(&service, 50, &["/left-right", "/right-left"])).await;
    soon(served(&service, 20, &["/all", "/right-left", "/left", "/left-right"])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_extractors_keep_is_granted_in_the_same_order() {
    let service =
        start(App::new("shop").handlers(lift::handlers![keeps_left, keeps_right, left_right, all])).await;
    soon(served(&service, 30, &["/keeps-left", "/keeps-right", "/left-right", "/all"])).await;
}

/// Whoever holds the right one lets it go.
static LET_GO: Notify = Notify::const_new();

#[lift::handler(GET, "/hold-right")]
async fn hold_right(_right: Pooled<Right>) {
    LET_GO.notified().await;
}

#[tokio::test]
async fn a_call_that_waits_holds_none() {
    let service =
        start(App::new("shop").handlers(lift::handlers![left_right, right_left, all, hold_right, left]))
            .await;
    let waiting = || {
        let right = service.pools().into_iter().find(|(name, _)| *name == "right").unwrap().1;
        (right.in_use, right.waiting)
    };
    let free = async {
        while waiting() != (1, 0) {
            yield_now().await;
        }
        let calls = served(&service, 1, &["/left-right", "/right-left", "/all"]);
        let others = async {
            while waiting() != (1, 3) {
                yield_now().await;
            }
            served(&service, 3, &["/left"]).await;
            assert_eq!(waiting(), (1, 3));
            LET_GO.notify_one();
        };
        futures_util::join!(calls, others);
    };
    soon(async { futures_util::join!(served(&service, 1, &["/hold-right"]), free) }).await;
}

#[lift::handler(GET, "/optional")]
async fn optional(a: Option<Pooled<Away>>, b: Pooled<Left>, c: Result<Pooled<Away>, PoolError>) -> String {
    drop(b);
    format!("{} {}", a.is_some(), c.is_ok())
}

#[lift::handler(GET, "/required")]
async fn required(_a: Pooled<Left>, _b: Pooled<Away>) {}

#[tokio::test]
async fn one_that_cannot_be_had_fails_its_own_argument() {
    let service = start(App::new("shop").handlers(lift::handlers![optional, required, left])).await;
    for _ in 0..3 {
        assert_eq!(soon(async { service.get("/optional").await }).await.unwrap().text(), "false false");
        let answer = soon(async { service.get("/required").await }).await.unwrap();
        assert_eq!(answer.status(), 503, "{}", answer.text());
        assert!(service.pools().iter().all(|(_, stats)| stats.in_use == 0));
    }
}

async fn migrate(_a: Pooled<Left>, _b: Pooled<Four>, _c: Pooled<Four>) -> Result<(), BoxError> {
    Ok(())
}

#[lift::health_check]
async fn check_both(_a: Pooled<Right>, _b: Pooled<Left>) {}

#[tokio::test]
async fn start_functions_and_checks_are_granted_theirs_together() {
    let app = App::new("shop")
        .handlers(lift::handlers![left_right])
        .health_checks(lift::health_checks![check_both])
        .on_start(migrate);
    let service = app.test().start().await.unwrap();
    assert_eq!(soon(async { service.get("/health").await }).await.unwrap().status(), 200);
    assert!(service.pools().iter().all(|(_, stats)| stats.in_use == 0));
}

#[tokio::test]
async fn what_nobody_takes_is_given_back_before_the_call() {
    let service = start(App::new("shop").handlers(lift::handlers![takes_none, left_right])).await;
    assert_eq!(soon(async { service.get("/takes-none").await }).await.unwrap().text(), "0 0");
}

mod other {
    use super::*;

    #[lift::handler(GET, "/other/left")]
    pub(super) async fn left(_a: Pooled<Left>) {}
}

#[tokio::test]
async fn two_functions_of_one_name_take_one_connection_each() {
    let service = start(App::new("shop").handlers(lift::handlers![left, other::left])).await;
    soon(served(&service, 5, &["/left", "/other/left"])).await;
}
