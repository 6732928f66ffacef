//! Several invocations in flight.

use std::time::Duration;

use tests::journal::Journal;
use tests::runtime_api::Record;
use tokio::task::JoinSet;

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

fn most_in_flight(history: &[Record]) -> usize {
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
