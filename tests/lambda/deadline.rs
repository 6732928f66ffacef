//! Handlers that don't end: Lambda's deadline is never met.

use std::time::Duration;

use serde_json::json;
use tests::journal::Journal;
use tests::runtime_api::{Record, Started};

use crate::support::{assert_problem, folder, function, get, http, lambda};

#[tokio::test]
async fn a_handler_that_never_ends_is_504_before_the_deadline_and_the_next_event_is_served() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    assert_eq!(lambda.started().await, Started::Ready);

    // The double answers `TimedOut` and kills the process when this is not in time.
    let late = lambda.invoke(get("/never")).timeout(Duration::from_millis(700));
    let id = late.request_id().to_owned();
    assert_problem(&late.await.expect("an answer"), 504, "DEADLINE_EXCEEDED", &id);
    let direct = lambda.invoke(json!("never")).timeout(Duration::from_millis(700));
    assert_eq!(direct.await.expect("an answer").error_type(), Some("DEADLINE_EXCEEDED"));

    assert_eq!(http(&lambda.invoke(get("/id/0")).await.expect("an answer")).status, 200);
    let journal = Journal::of(dir.path());
    journal.wait_for("close");
    assert_eq!(journal.count("open"), 2);
    assert_eq!(lambda.count(|record| matches!(record, Record::TimedOut { .. })), 0);
    lambda.finish();
}

#[tokio::test]
async fn a_deadline_stops_one_of_several_invocations() {
    let dir = folder();
    let lambda = lambda().concurrency(2).start();
    let _function = lambda.spawn(function(dir.path()));
    assert_eq!(lambda.started().await, Started::Ready);
    let late = tokio::spawn(lambda.invoke(get("/never")).timeout(Duration::from_millis(700)).into_future());
    let fine = tokio::spawn(lambda.invoke(get("/id/1000000")).into_future());
    assert_eq!(http(&late.await.expect("no panic").expect("an answer")).status, 504);
    assert_eq!(http(&fine.await.expect("no panic").expect("an answer")).status, 200);
    lambda.finish();
}
