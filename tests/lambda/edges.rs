//! Small things that callers can see.

use serde_json::{Value, json};
use tests::runtime_api::{Answer, Record};

use crate::support::{assert_problem, faulty, folder, function, get, lambda};

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

#[tokio::test]
async fn a_client_context_that_is_not_what_it_should_be_does_not_end_the_process() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    for context in ["not JSON", "[]", r#"{"client": 7}"#] {
        let answer = lambda.invoke(json!({"echo": 1})).client_context(context).await;
        // An answer of whatever kind, and the process lives.
        assert!(matches!(answer, Ok(Answer::Response(_) | Answer::Error { .. })), "{context}: {answer:?}");
    }
    lambda.finish();
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
    lambda.finish();
}
