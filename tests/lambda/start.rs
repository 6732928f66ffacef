//! What keeps a function from starting or polling, and what Lambda hears of it.

use tests::process::Program;
use tests::runtime_api::{Record, Started};

use crate::support::{faulty, folder, function, get, http, lambda};

#[tokio::test]
async fn a_function_that_cannot_start_says_why_with_every_fault() {
    let dir = folder();
    let lambda = lambda().start();
    let program = Program::new(env!("CARGO_BIN_EXE_faulty")).dir(dir.path());
    let function = lambda.spawn(program.env("LIFT_HEALTH_INTERVAL", "0s"));
    lambda.wait_for("the report", 1, |record| matches!(record, Record::InitError { .. })).await;
    let reports: Vec<_> = lambda
        .history()
        .into_iter()
        .filter_map(|record| match record {
            Record::InitError { error_type, error_message } => Some((error_type, error_message)),
            _ => None,
        })
        .collect();
    let [(error_type, message)] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!(error_type, "INIT_FAILED");
    assert!(
        message.contains("TOOL_JOURNAL: is not set") && message.contains("LIFT_HEALTH_INTERVAL"),
        "{message}"
    );
    function.process().wait_for_line("TOOL_JOURNAL");
    lambda.finish();
}

#[tokio::test]
async fn lambda_hears_which_start_function_failed_and_the_log_alone_why() {
    let dir = folder();
    let lambda = lambda().start();
    let program = function(dir.path()).env("LIFT_LAMBDA_ON_START", "true").env("MIGRATION_FAILS", "1");
    let function = lambda.spawn(program);
    let Started::Failed { error_type, error_message } = lambda.started().await else {
        panic!("it has started: {:?}", lambda.history());
    };
    assert_eq!(error_type, "INIT_FAILED");
    assert!(error_message.contains("migrate") && !error_message.contains("hunter2"), "{error_message}");
    function.process().wait_for_line("the secret is hunter2");
    lambda.finish();
}

#[tokio::test]
async fn polls_that_fail_are_tried_again_by_the_same_process() {
    let dir = folder();
    let lambda = lambda().failing_polls(3).start();
    let function = lambda.spawn(faulty(dir.path()));
    for _ in 0..2 {
        assert_eq!(http(&lambda.invoke(get("/tool")).await.expect("an answer")).status, 200);
    }
    assert_eq!(lambda.count(|record| *record == Record::PollFailed), 3);
    assert_eq!(lambda.count(|record| *record == Record::Ended), 0);
    let written = function.process().written();
    assert_eq!(written.matches("polling for events failed; trying again").count(), 3, "{written}");
    lambda.finish();
}

/// In a container it is a fault; here the size of a pool follows from what an invocation takes.
#[tokio::test]
async fn of_more_idle_connections_than_fit_as_many_are_kept_as_fit() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(faulty(dir.path()).env("TOOL_POOL_MIN_IDLE", "50"));
    assert_eq!(http(&lambda.invoke(get("/tool")).await.expect("an answer")).status, 200);
    lambda.finish();
}

#[tokio::test]
async fn the_log_of_a_process_has_whole_texts_of_errors_if_it_is_told_so() {
    for (unmasked, expected) in [("false", "other error: …"), ("true", "the secret is hunter2")] {
        let dir = folder();
        let lambda = lambda().start();
        let program = faulty(dir.path()).env("TOOL_IS_AWAY", "1").env("LIFT_LOG_UNMASKED_ERRORS", unmasked);
        let function = lambda.spawn(program);
        let line = function.process().wait_for_line("cannot be opened yet");
        assert!(line.contains(expected), "{line}");
        lambda.finish();
    }
}
