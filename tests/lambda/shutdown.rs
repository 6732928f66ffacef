//! The end of an execution environment.

use std::time::Duration;

use tests::journal::Journal;
use tests::runtime_api::Record;

use crate::support::{faulty, folder, get, http, lambda};

#[tokio::test]
async fn sigterm_ends_the_process_within_300_ms_after_its_cleanup() {
    let dir = folder();
    let lambda = lambda().extension("telemetry").start();
    let function = lambda.spawn(faulty(dir.path()));
    assert_eq!(http(&lambda.invoke(get("/tool")).await.expect("an answer")).status, 200);
    // Waits for the next event, as it does when Lambda ends it.
    lambda.wait_for("the second poll", 2, |record| *record == Record::Next).await;
    let ended = function.shut_down().await;
    assert!(!ended.killed && ended.took < Duration::from_millis(300), "{ended:?}");
    assert_eq!(ended.finished.status.code(), Some(0), "{}", ended.finished.stderr);
    assert_eq!(Journal::of(dir.path()).lines(), ["open 0", "close 0"]);
    lambda.finish();
}

#[tokio::test]
async fn sigterm_is_heard_right_after_a_freeze() {
    let dir = folder();
    let lambda = lambda().extension("telemetry").freeze_between(Duration::from_secs(1)).start();
    let function = lambda.spawn(faulty(dir.path()));
    assert_eq!(http(&lambda.invoke(get("/tool")).await.expect("an answer")).status, 200);
    lambda.wait_for("a freeze", 1, |record| *record == Record::Frozen).await;
    let ended = function.shut_down().await;
    assert!(!ended.killed, "{ended:?}");
    assert_eq!(Journal::of(dir.path()).lines(), ["open 0", "close 0"]);
    lambda.finish();
}

#[tokio::test]
async fn a_function_with_resources_asks_to_be_told_before_it_is_ended() {
    let dir = folder();
    let lambda = lambda().start();
    let function = lambda.spawn(faulty(dir.path()));
    assert_eq!(http(&lambda.invoke(get("/tool")).await.expect("an answer")).status, 200);
    assert_eq!(lambda.count(|record| matches!(record, Record::ExtensionRegistered { .. })), 1);
    let ended = function.shut_down().await;
    assert!(!ended.killed, "{ended:?}");
    assert_eq!(Journal::of(dir.path()).lines(), ["open 0", "close 0"]);
    lambda.finish();
}
