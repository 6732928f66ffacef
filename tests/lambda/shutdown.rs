//! The end of an execution environment.

use std::time::Duration;

use tests::journal::Journal;
use tests::runtime_api::{Answer, Record};
use tokio::task::JoinSet;

use crate::support::{faulty, folder, function, get, http, lambda};

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

/// Several at a time, of which some are in flight when Lambda ends a managed instance.
#[tokio::test]
async fn sigterm_lets_what_is_in_flight_end_on_managed_instances() {
    let dir = folder();
    let lambda = lambda().memory(2048).concurrency(4).shutdown_limit(Duration::from_secs(20)).start();
    let function = lambda.spawn(function(dir.path()));
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        calls.spawn(lambda.invoke(get("/id/1500000")).into_future());
    }
    lambda.wait_for("three in flight", 3, |record| matches!(record, Record::Delivered { .. })).await;
    let ended = function.shut_down().await;
    assert!(!ended.killed, "{ended:?}");
    assert_eq!(ended.finished.status.code(), Some(0), "{}", ended.finished.stderr);
    while let Some(answer) = calls.join_next().await {
        assert_eq!(http(&answer.expect("no panic").expect("an answer")).status, 200);
    }
    assert_eq!(Journal::of(dir.path()).open(), 0);
    lambda.finish();
}

/// Which may be configured for one invocation at a time.
#[tokio::test]
async fn sigterm_lets_what_is_in_flight_end_on_a_managed_instance_of_one() {
    let dir = folder();
    let lambda = lambda().memory(2048).managed().shutdown_limit(Duration::from_secs(20)).start();
    let function = lambda.spawn(function(dir.path()));
    let call = tokio::spawn(lambda.invoke(get("/id/1500000")).into_future());
    lambda.wait_for("one in flight", 1, |record| matches!(record, Record::Delivered { .. })).await;
    let ended = function.shut_down().await;
    assert!(!ended.killed, "{ended:?}");
    assert_eq!(http(&call.await.expect("no panic").expect("an answer")).status, 200);
    lambda.finish();
}

/// One that never ends must not keep the instance longer than the grace.
#[tokio::test]
async fn the_grace_bounds_what_is_in_flight_on_managed_instances() {
    let dir = folder();
    let lambda = lambda().memory(2048).concurrency(4).shutdown_limit(Duration::from_secs(20)).start();
    let function = lambda.spawn(function(dir.path()).env("LIFT_SHUTDOWN_GRACE", "1s"));
    let never = tokio::spawn(lambda.invoke(get("/never")).into_future());
    lambda.wait_for("one in flight", 1, |record| matches!(record, Record::Delivered { .. })).await;
    let ended = function.shut_down().await;
    assert!(!ended.killed && ended.finished.stderr.contains("the grace is over"), "{ended:?}");
    assert_eq!(never.await.expect("no panic").expect("an end"), Answer::Crashed);
    lambda.finish();
}
