//! Small things that callers can see.

use serde_json::{Value, json};
use tests::runtime_api::Record;

use crate::support::{assert_problem, faulty, folder, function, get, http, lambda};

#[tokio::test]
async fn a_response_that_cannot_be_sent_is_a_failure_with_its_request_id_in_the_header() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(faulty(dir.path()));
    let odd = lambda.invoke(get("/odd-header"));
    let id = odd.request_id().to_owned();
    assert_problem(&odd.await.expect("an answer"), 500, "RESPONSE_HEADER_NOT_UTF8", &id);
    lambda.finish();
}

#[tokio::test]
async fn json_of_the_wrong_kind_is_not_called_malformed() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    for event in [json!(null), json!([]), json!(7)] {
        let answer = lambda.invoke(&event).await.expect("an answer");
        assert_eq!(answer.error_type(), Some("INVALID_BODY"), "{event}: {answer:?}");
    }
    lambda.finish();
}

/// On a classic function and on managed instances.
#[tokio::test]
async fn a_client_context_that_is_no_json_fails_its_own_invocation_only() {
    for concurrency in [1, 4] {
        let dir = folder();
        let lambda = lambda().memory(2048).concurrency(concurrency).start();
        let function = lambda.spawn(function(dir.path()));
        for context in ["not JSON", "hunter2", "{", r#"{"client": "hunter2"#] {
            let invoke = lambda.invoke(json!({"echo": 1})).client_context(context);
            let id = invoke.request_id().to_owned();
            let answer = invoke.await.expect("an answer");
            assert_eq!(answer.error_type(), Some("EVENT_NOT_VALID"), "{context}: {answer:?}");
            let message = answer.error_message().unwrap_or_default();
            assert!(message.contains("context") && !message.contains("hunter2"), "{message}");
            let line = function.process().wait_for_line(&id);
            assert!(line.contains("the context of the event cannot be read"), "{line}");
        }
        for context in [
            "{}",
            "null",
            r#"{"client":null,"custom":null,"env":null}"#,
            r#"{"custom":{"n":1,"deep":{"er":[]}}}"#,
            r#"{"client": "hunter2"}"#,
        ] {
            let fine = lambda.invoke(json!({"echo": 1})).client_context(context).await.expect("an answer");
            assert_eq!(fine.json(), json!({"echo": 1}), "{context}");
        }
        let (written, lines) = (function.process().written(), "EVENT_NOT_VALID");
        assert_eq!(written.lines().filter(|line| line.contains(lines)).count(), 4, "{written}");
        assert!(!written.contains("hunter2"), "{written}");
        assert_eq!(lambda.count(|record| *record == Record::Ended), 0);
        lambda.finish();
    }
}

#[tokio::test]
async fn a_failure_is_logged_once_at_a_level_that_fits() {
    let dir = folder();
    let lambda = lambda().start();
    let function = lambda.spawn(function(dir.path()));
    let missing = lambda.invoke(json!({"missing": 7}));
    let id = missing.request_id().to_owned();
    assert_eq!(missing.await.expect("an answer").error_type(), Some("ENTRY_NOT_FOUND"));
    lambda.wait_for("the next poll", 2, |record| *record == Record::Next).await;
    let written = function.shut_down().await.finished.stderr;
    let lines: Vec<Value> = written.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let about_it: Vec<_> = lines
        .iter()
        .filter(|line| line["request_id"] == *id || line.to_string().contains("ENTRY_NOT_FOUND"))
        .collect();
    assert_eq!(about_it.len(), 1, "{written}");
    assert_eq!(about_it[0]["level"], "INFO", "{written}");
    assert!(lines.iter().all(|line| line["level"] == "INFO"), "{written}");
    lambda.finish();
}

#[tokio::test]
async fn the_environment_names_the_trace_of_the_invocation() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    for trace in ["Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", "Root=2"] {
        let answer = lambda.invoke(get("/trace")).trace_id(trace).await.expect("an answer");
        assert_eq!(http(&answer).text(), trace);
    }
    lambda.finish();
}

#[tokio::test]
async fn a_status_that_is_no_answer_is_a_failure() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(faulty(dir.path()));
    for status in ["100", "101", "199"] {
        let answer = lambda.invoke(get(&format!("/informational/{status}")));
        let id = answer.request_id().to_owned();
        assert_problem(&answer.await.expect("an answer"), 500, "RESPONSE_NOT_FINAL", &id);
    }
    lambda.finish();
}
