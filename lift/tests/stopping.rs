//! Invocations that do not end by themselves, and what becomes of the connections they held.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Counts, Numbered};
use lift::prelude::*;
use lift::testing::TestService;
use serde_json::Value;
use tokio::sync::Notify;

#[lift::handler(GET, "/fine")]
async fn fine(db: Pooled<Numbered>) -> String {
    db.number.to_string()
}

#[lift::handler(GET, "/late", timeout = "1s")]
async fn late(_db: Pooled<Numbered>) {
    std::future::pending().await
}

#[lift::handler(GET, "/panics")]
async fn panics(_db: Pooled<Numbered>) {
    panic!("the secret of the panic")
}

/// A time-out of the handler's own around an exchange that had ended.
#[lift::handler(GET, "/own-timeout")]
async fn own_timeout(db: Pooled<Numbered>) {
    let held = async move {
        let _db = db;
        std::future::pending::<()>().await;
    };
    let _ = tokio::time::timeout(Duration::from_millis(10), held).await;
}

/// The same around one that had not.
#[lift::handler(GET, "/unfinished")]
async fn unfinished(mut db: Pooled<Numbered>) {
    let exchange = db.run(async |_: &mut Numbered| std::future::pending::<()>().await);
    let _ = tokio::time::timeout(Duration::from_millis(10), exchange).await;
}

#[lift::handler(GET, "/finished")]
async fn finished(mut db: Pooled<Numbered>) -> String {
    db.run(async |db: &mut Numbered| db.number.to_string()).await
}

#[lift::handler(GET, "/spoils")]
async fn spoils(mut db: Pooled<Numbered>) {
    db.valid = false;
}

#[lift::handler(GET, "/spawns")]
async fn spawns(db: Pooled<Numbered>, done: Shared<Arc<Notify>>) {
    tokio::spawn(async move {
        drop(db);
        done.notify_one();
    });
}

#[lift::handler(GET, "/joins")]
async fn joins(mut db: Pooled<Numbered>) -> String {
    let exchange = db.run(async |db: &mut Numbered| {
        tokio::task::yield_now().await;
        db.number
    });
    let (number, ()) = tokio::join!(exchange, tokio::task::yield_now());
    number.to_string()
}

/// The losing branch holds the connection and has begun nothing on it.
#[lift::handler(GET, "/loses")]
async fn loses(db: Pooled<Numbered>) {
    let loser = async move {
        let _db = db;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = loser => {}
        () = tokio::task::yield_now() => {}
    }
}

/// The losing branch has begun an exchange.
#[lift::handler(GET, "/loses-unfinished")]
async fn loses_unfinished(mut db: Pooled<Numbered>) {
    tokio::select! {
        () = db.run(async |_: &mut Numbered| std::future::pending::<()>().await) => {}
        () = tokio::task::yield_now() => {}
    }
}

#[lift::handler(GET, "/aborts")]
async fn aborts(db: Pooled<Numbered>) {
    let task = tokio::spawn(async move {
        let _db = db;
        std::future::pending::<()>().await;
    });
    tokio::task::yield_now().await;
    task.abort();
    let _ = task.await;
}

#[lift::handler(GET, "/aborts-unfinished")]
async fn aborts_unfinished(mut db: Pooled<Numbered>) {
    let task = tokio::spawn(async move {
        db.run(async |_: &mut Numbered| std::future::pending::<()>().await).await;
    });
    tokio::task::yield_now().await;
    task.abort();
    let _ = task.await;
}

#[lift::handler(GET, "/blocks")]
async fn blocks(db: Pooled<Numbered>) -> lift::Result<String> {
    Ok(tokio::task::spawn_blocking(move || db.number.to_string()).await?)
}

/// The guard outlives the handler, in the body of its answer.
#[lift::handler(GET, "/streams")]
async fn streams(db: Pooled<Numbered>) -> impl IntoResponse {
    let parts = futures_util::stream::unfold(Some(db), async |db| {
        let db = db?;
        tokio::task::yield_now().await;
        Some((Ok::<_, std::convert::Infallible>(db.number.to_string()), None))
    });
    axum::body::Body::from_stream(parts)
}

#[lift::handler(GET, "/two")]
async fn two(_first: Pooled<Numbered>, pool: Pool<Numbered>) -> Result<(), PoolError> {
    pool.get().await.map(drop)
}

struct Fixture {
    service: TestService,
    counts: Counts,
    done: Arc<Notify>,
}

async fn fixture() -> Fixture {
    let (counts, done) = (Counts::default(), Arc::new(Notify::new()));
    let opening = counts.clone();
    let list = lift::handlers![
        fine,
        finished,
        joins,
        loses,
        loses_unfinished,
        own_timeout,
        unfinished,
        spawns,
        aborts,
        aborts_unfinished,
        blocks,
        streams,
        late,
        panics,
        spoils,
        two,
    ];
    let service = App::new("test")
        .handlers(list)
        .provide(done.clone())
        .test()
        .with::<Numbered>(move || std::future::ready(Ok::<_, lift::Error>(opening.open())))
        .start()
        .await
        .unwrap();
    Fixture { service, counts, done }
}

#[tokio::test(start_paused = true)]
async fn what_was_interrupted_is_never_lent_again() {
    for (path, status, same) in [
        ("/fine", 200, true),
        ("/finished", 200, true),
        ("/joins", 200, true),
        ("/loses", 200, true),
        ("/loses-unfinished", 200, false),
        ("/own-timeout", 200, true),
        ("/unfinished", 200, false),
        ("/aborts", 200, true),
        ("/aborts-unfinished", 200, false),
        ("/blocks", 200, true),
        ("/streams", 200, true),
        ("/late", 504, false),
        ("/panics", 500, false),
        ("/spoils", 200, false),
    ] {
        let Fixture { service, counts, .. } = fixture().await;
        assert_eq!(service.get(path).await.unwrap().status(), status, "{path}");
        // The pool has one place, so this also shows that the place is free again.
        let next = service.get("/fine").await.unwrap().text();
        assert_eq!(next == "1", same, "{path}: the next borrower got connection {next}");
        service.close().await;
        assert_eq!(counts.closed(), counts.opened(), "{path}: each is closed once");
    }
}

#[tokio::test]
async fn a_guard_in_a_finished_task_goes_back() {
    let Fixture { service, counts, done } = fixture().await;
    service.get("/spawns").await.unwrap();
    done.notified().await;
    assert_eq!(service.get("/fine").await.unwrap().text(), "1");
    assert_eq!(counts.opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_tell_the_code_and_nothing_else() {
    let service = fixture().await.service;
    for (path, status, code, retry) in [
        ("/late", 504, "DEADLINE_EXCEEDED", Some("1")),
        ("/panics", 500, "PANIC", None),
        ("/two", 503, "POOL_EXHAUSTED", Some("1")),
        ("/nowhere", 404, "ROUTE_NOT_FOUND", None),
    ] {
        let answer = service.get(path).header("x-request-id", "r-1").await.unwrap();
        let problem: Value = answer.json().unwrap();
        assert_eq!((answer.status(), problem["code"].as_str().unwrap()), (status, code));
        assert_eq!(
            (problem["request_id"].as_str().unwrap(), answer.header("x-request-id").unwrap()),
            ("r-1", "r-1")
        );
        assert_eq!(answer.header("retry-after"), retry, "{path}");
        assert!(!answer.text().contains("secret"), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_bounded_and_says_who_holds() {
    let counts = Counts::default();
    let opening = counts.clone();
    #[lift::handler(GET, "/error")]
    async fn error(_first: Pooled<Numbered>, pool: Pool<Numbered>) -> String {
        pool.get().await.err().map(|error| error.to_string()).unwrap_or_default()
    }
    let service = App::new("test")
        .handlers(lift::handlers![error])
        .test()
        .with::<Numbered>(move || std::future::ready(Ok::<_, lift::Error>(opening.open())))
        .start()
        .await
        .unwrap();
    let text = service.get("/error").await.unwrap().text();
    assert!(text.starts_with("pool `numbered`: all 1 connections are in use, 1 callers wait;"), "{text}");
    assert!(text.ends_with("by `error`"), "{text}");
}
