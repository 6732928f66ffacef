//! Events that nothing serves, and bytes that are no event.

use serde_json::json;
use tests::runtime_api::Started;

use crate::support::{assert_problem, folder, function, get, http, lambda};

#[tokio::test]
async fn aws_events_that_nothing_serves_are_told_by_name_and_never_reach_the_direct_invoke() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    let record = json!({
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": "\"busy\"",
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:fulfilment",
        "awsRegion": "eu-central-1",
    });
    for (event, words) in [
        (json!({"Records": [record]}), "a batch of records from `aws:sqs`"),
        (
            json!({"requestContext": {"stage": "prod", "connectionId": "c", "routeKey": "$connect"}, "httpMethod": "GET"}),
            "a WebSocket message",
        ),
        (json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}), "EventBridge"),
    ] {
        let answer = lambda.invoke(&event).await.expect("an answer");
        assert_eq!(answer.error_type(), Some("EVENT_NOT_SERVED"), "{answer:?}");
        let message = answer.error_message().unwrap_or_default();
        assert!(message.contains(words) && message.contains("invoke `ledger`"), "{message}");
    }
    assert_eq!(http(&lambda.invoke(get("/id/0")).await.expect("an answer")).status, 200);
    lambda.finish();
}

#[tokio::test]
async fn bytes_that_are_no_event_are_refused_one_by_one() {
    let dir = folder();
    let lambda = lambda().start();
    let _function = lambda.spawn(function(dir.path()));
    assert_eq!(lambda.started().await, Started::Ready);
    for bytes in [
        &b""[..],
        b"{",
        b"{\"rawPath\": \"/id/0\", ",
        b"\xff\xfe",
        b"{\"rawPath\": \"\xff\"}",
        b"{} {}",
        b"\"\\ud800\"",
        b"NaN",
        &[b'['; 100_000],
    ] {
        let answer = lambda.invoke(bytes.to_vec()).await.expect("an answer");
        let shown = bytes[..bytes.len().min(40)].escape_ascii();
        assert_eq!(answer.error_type(), Some("EVENT_NOT_VALID"), "{shown}: {answer:?}");
    }
    let odd = json!({"rawPath": "/", "requestContext": {"http": {"method": "G E T"}}});
    let refused = lambda.invoke(&odd);
    let id = refused.request_id().to_owned();
    assert_problem(&refused.await.expect("an answer"), 400, "EVENT_NOT_VALID", &id);
    let answer = lambda.invoke(json!({"rawPath": 7, "requestContext": []})).await.expect("an answer");
    assert_eq!(answer.error_type(), Some("INVALID_BODY"), "{answer:?}");
    assert_eq!(http(&lambda.invoke(get("/id/0")).await.expect("an answer")).status, 200);
    lambda.finish();
}
