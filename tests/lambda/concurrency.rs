//! Several invocations in flight.

use std::time::Duration;

use serde_json::{Value, json};
use tests::journal::Journal;
use tests::runtime_api::{Answer, InvokeError, Record};
use tokio::task::{JoinError, JoinSet};

use crate::support::{folder, function, get, http, lambda};

#[tokio::test]
async fn two_hundred_invocations_eight_at_a_time_never_mix_their_ids_up() {
    const CALLS: u64 = 200;
    let dir = folder();
    let lambda = lambda().memory(2048).concurrency(8).jitter(Duration::from_millis(3)).seed(7).start();
    let _function = lambda.spawn(function(dir.path()));
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        // Between nothing and 4 ms, in no order.
        let invoke = lambda.invoke(get(&format!("/id/{}", number * 7919 % 4000)));
        let id = invoke.request_id().to_owned();
        let answer = invoke.into_future();
        calls.spawn(async move { (id, answer.await) });
    }
    while let Some(call) = calls.join_next().await {
        let (id, answer) = call.expect("no panic");
        let response = http(&answer.expect("an answer"));
        assert_eq!((response.status, response.text()), (200, id.clone()));
        assert_eq!(response.header("x-request-id"), Some(id.as_str()));
    }
    assert_eq!(lambda.count(|record| matches!(record, Record::Response { .. })), CALLS as usize);
    assert!(most_in_flight(&lambda.history()) > 4, "it asks for one event at a time");
    let journal = Journal::of(dir.path());
    assert!(journal.count("open") <= 8, "{} connections were opened", journal.count("open"));
    lambda.finish();
}

/// Sixteen thousand, sixteen at a time: every answer and every line of the log belongs to its own invocation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_the_log_and_every_answer_carries_its_own_request_id() {
    const CALLS: u64 = 16_000;
    let dir = folder();
    let lambda = lambda().memory(2048).concurrency(16).seed(7).start();
    let function = lambda.spawn(function(dir.path()));
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        if calls.len() == 64 {
            own(calls.join_next().await);
        }
        let invoke = lambda.invoke(get(&format!("/id/{}", number * 7919 % 1000)));
        let id = invoke.request_id().to_owned();
        let answer = invoke.into_future();
        calls.spawn(async move { (id, answer.await) });
    }
    while !calls.is_empty() {
        own(calls.join_next().await);
    }
    let served =
        |line: &str| serde_json::from_str::<Value>(line).ok().filter(|line| line["message"] == "served");
    let lines: Vec<Value> = function.process().written().lines().filter_map(served).collect();
    assert_eq!(lines.len(), CALLS as usize);
    let mut ids: Vec<&str> = Vec::new();
    for line in &lines {
        assert_eq!(
            (&line["spans"][0]["request_id"], &line["spans"][0]["handler"]),
            (&line["own"], &json!("id")),
            "{line}"
        );
        ids.extend(line["own"].as_str());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CALLS as usize);
    lambda.finish();
}

type Called = (String, Result<Answer, InvokeError>);

fn own(call: Option<Result<Called, JoinError>>) {
    let (id, answer) = call.expect("a call").expect("no panic");
    let response = http(&answer.expect("an answer"));
    assert_eq!((response.status, response.text()), (200, id.clone()));
    assert_eq!(response.header("x-request-id"), Some(id.as_str()));
}

#[tokio::test]
async fn a_worker_whose_poll_fails_goes_on() {
    const WORKERS: usize = 4;
    let dir = folder();
    // More than there are workers, so that each has failed.
    let lambda = lambda().memory(2048).concurrency(WORKERS).failing_polls(6).seed(7).start();
    let _function = lambda.spawn(function(dir.path()));
    for _ in 0..3 {
        let mut calls = JoinSet::new();
        for _ in 0..WORKERS {
            calls.spawn(lambda.invoke(get("/id/300000")).into_future());
        }
        while let Some(answer) = calls.join_next().await {
            assert_eq!(http(&answer.expect("no panic").expect("an answer")).status, 200);
        }
    }
    assert_eq!(lambda.count(|record| matches!(record, Record::PollFailed)), 6);
    assert_eq!(most_in_flight(&lambda.history()), WORKERS as i32);
    lambda.finish();
}

fn most_in_flight(history: &[Record]) -> i32 {
    let mut in_flight = 0;
    let counts = history.iter().map(|record| {
        match record {
            Record::Delivered { .. } => in_flight += 1,
            Record::Response { .. } => in_flight -= 1,
            _ => {}
        }
        in_flight
    });
    counts.max().unwrap_or_default()
}
