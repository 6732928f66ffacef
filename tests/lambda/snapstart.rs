//! A function with SnapStart: nothing is open while its snapshot is taken, and everything is afterwards.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tests::deadline::SOON;
use tests::journal::Journal;
use tests::process::Program;
use tests::runtime_api::{Record, RuntimeApi, Started};

use crate::support::{folder, function, get, http, lambda};

fn spawned(dir: &Path, warm: &str) -> (RuntimeApi, Program) {
    (lambda().snap_start().start(), function(dir).env("BACKEND_POOL_WARM", warm))
}

#[tokio::test]
async fn connections_are_closed_before_the_snapshot_and_open_after_it() {
    let dir = folder();
    let journal = Journal::of(dir.path());
    let (lambda, program) = spawned(dir.path(), "eager");
    let _function = lambda.spawn(program);
    assert_eq!(lambda.started().await, Started::AtSnapshot);
    // It was opened once, so that a broken setting fails before the snapshot.
    assert_eq!(journal.lines(), ["open", "close"]);

    assert_eq!(lambda.restore().await, Started::Ready);
    assert_eq!(journal.lines(), ["open", "close", "open"]);
    let invoke = lambda.invoke(get("/id/0"));
    let id = invoke.request_id().to_owned();
    assert_eq!(http(&invoke.await.expect("an answer")).text(), id);
    assert_eq!(journal.open(), 1, "the connection that was opened after the restore is used");
    lambda.finish();
}

#[tokio::test]
async fn a_restore_that_fails_is_reported_when_the_resource_is_required() {
    let dir = folder();
    let (lambda, program) = spawned(dir.path(), "required");
    let function = lambda.spawn(program);
    assert_eq!(lambda.started().await, Started::AtSnapshot);
    fs::write(dir.path().join("unreachable"), "").expect("a file in a temporary folder");
    let Started::Failed { error_message, .. } = lambda.restore().await else {
        panic!("the restore did not fail: {:?}", lambda.history());
    };
    assert!(error_message.contains("backend") && error_message.contains("unreachable"), "{error_message}");
    let ended = function.ended().await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert_eq!(lambda.count(|record| matches!(record, Record::RestoreError { .. })), 1);
    lambda.finish();
}

#[tokio::test]
async fn a_backend_that_is_away_at_the_restore_is_no_failure_unless_it_is_required() {
    let dir = folder();
    let (lambda, program) = spawned(dir.path(), "eager");
    let _function = lambda.spawn(program);
    assert_eq!(lambda.started().await, Started::AtSnapshot);
    let unreachable = dir.path().join("unreachable");
    fs::write(&unreachable, "").expect("a file in a temporary folder");
    assert_eq!(lambda.restore().await, Started::Ready);
    let away = http(&lambda.invoke(get("/id/0")).await.expect("an answer"));
    assert_eq!(away.status, 503, "{away:?}");
    fs::remove_file(&unreachable).expect("the file");
    // Failures to connect are remembered for a moment.
    let recovered = async {
        while http(&lambda.invoke(get("/id/0")).await.expect("an answer")).status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(SOON, recovered).await.is_ok(), "the backend is not used again");
    lambda.finish();
}
