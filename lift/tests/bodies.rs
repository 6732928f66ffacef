//! Bodies that are produced after the handler has returned: they are part of the invocation, with its deadline and its
//! connections.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

mod common;

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use common::{Counts, Numbered, failed, sqs_of};
use futures_util::{Stream, StreamExt, stream};
use lift::prelude::*;
use lift::testing::TestService;
use lift::{Body, BoxError};
use serde_json::{Value, json};

type Chunk = Result<Bytes, BoxError>;

fn chunk(text: &'static str) -> Chunk {
    Ok(Bytes::from_static(text.as_bytes()))
}

/// A body that begins well and then goes on as its name says; it holds a connection until it is dropped.
fn body(end: &str, db: Pooled<Numbered>) -> Body {
    let rest: std::pin::Pin<Box<dyn Stream<Item = Chunk> + Send>> = match end {
        "whole" => Box::pin(stream::iter([chunk("ok")])),
        "panics" => Box::pin(stream::poll_fn(|_| panic!("the secret is hunter2"))),
        "fails" => Box::pin(stream::iter([Err("the secret is hunter2".into())])),
        "hangs" => Box::pin(stream::pending()),
        "ticks" => Box::pin(stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((chunk("."), ()))
        })),
        _ => Box::pin(stream::repeat_with(|| chunk(""))),
    };
    let held = stream::iter([chunk("[")]).chain(rest);
    Body::from_stream(held.map(move |chunk| {
        let _ = db.number;
        chunk
    }))
}

#[lift::handler(GET, "/body/{end}", timeout = "1s")]
async fn web(end: String, db: Pooled<Numbered>) -> impl IntoResponse {
    ([("content-type", "text/plain"), ("set-cookie", "a=1")], body(&end, db))
}

#[lift::handler(invoke = "body", timeout = "1s")]
async fn direct(db: Pooled<Numbered>, end: Json<String>) -> Body {
    body(&end.0, db)
}

#[lift::handler(sqs = "bodies", timeout = "1s", partial)]
async fn record(db: Pooled<Numbered>, end: Json<String>) -> Body {
    body(&end.0, db)
}

#[lift::handler(ws = "$default", timeout = "1s")]
async fn message(db: Pooled<Numbered>, end: Json<String>) -> Body {
    body(&end.0, db)
}

#[lift::handler(GET, "/number")]
async fn number(db: Pooled<Numbered>) -> String {
    db.number.to_string()
}

async fn service() -> (TestService, Counts) {
    let counts = Counts::default();
    let opening = counts.clone();
    let app = App::new("bodies").handlers(lift::handlers![web, direct, record, message, number]);
    let open = move || {
        let opening = opening.clone();
        async move { Ok::<_, Infallible>(opening.open()) }
    };
    (app.test().with::<Numbered>(open).start().await.unwrap(), counts)
}

/// Ends of bodies, and the code that each comes to.
const ENDS: [(&str, &str, u16); 4] = [
    ("panics", "PANIC", 500),
    ("fails", "RESPONSE_BODY_BROKEN", 500),
    ("hangs", "DEADLINE_EXCEEDED", 504),
    ("ticks", "DEADLINE_EXCEEDED", 504),
];

/// The connection that a body holds is lent again after a good end, and closed after a bad one.
async fn connections(service: &TestService, counts: &Counts, closed: usize) {
    let lent = service.get("/number").await.unwrap();
    assert_eq!(lent.text(), (closed + 1).to_string());
    tokio::time::timeout(Duration::from_secs(5), async {
        while counts.closed() < closed {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!((counts.opened(), counts.closed()), (closed + 1, closed));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_well_is_a_typed_failure_to_an_http_client() {
    let (service, counts) = service().await;
    assert_eq!(service.get("/body/whole").await.unwrap().text(), "[ok");
    connections(&service, &counts, 0).await;
    for (closed, (end, code, status)) in ENDS.into_iter().enumerate() {
        let response = service.get(format!("/body/{end}")).await.unwrap();
        let problem: Value = response.json().unwrap();
        assert_eq!((response.status(), &problem["code"]), (status, &json!(code)), "{end}");
        assert!(!response.text().contains("hunter2"), "{end}: {}", response.text());
        assert_eq!(response.header("set-cookie"), None, "{end}");
        connections(&service, &counts, closed + 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_well_is_a_typed_failure_behind_every_event() {
    let (service, counts) = service().await;
    let http = |target: &str| {
        json!({
            "version": "2.0", "rawPath": target, "rawQueryString": "", "headers": {},
            "requestContext": {"http": {"method": "GET", "path": target}, "domainName": "x", "stage": "$default"},
            "isBase64Encoded": false,
        })
    };
    let load_balancer = |target: &str| {
        json!({
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
            "httpMethod": "GET", "path": target, "queryStringParameters": {}, "headers": {},
            "body": "", "isBase64Encoded": false,
        })
    };
    let web_socket = |end: &str| {
        json!({
            "requestContext": {"routeKey": "$default", "eventType": "MESSAGE", "connectionId": "c",
                "stage": "prod", "domainName": "x", "requestId": "r", "messageId": "m"},
            "body": json!(end).to_string(), "isBase64Encoded": false,
        })
    };
    let mut closed = 0;
    for (end, code, status) in ENDS {
        let target = format!("/body/{end}");
        for event in [http(&target), load_balancer(&target), web_socket(end)] {
            let answer: Value =
                serde_json::from_slice(&service.event(event.to_string()).await.unwrap()).unwrap();
            assert_eq!(answer["statusCode"], status, "{end}: {answer}");
            let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(problem["code"], code, "{end}");
            closed += 1;
            connections(&service, &counts, closed).await;
        }
        let failure = service.invoke::<Value>("body", end).await.unwrap_err();
        assert_eq!(failure.code(), code, "{end}");
        closed += 1;
        connections(&service, &counts, closed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_is_not_done_before_the_body_of_its_answer_has_ended_well() {
    let (service, counts) = service().await;
    for (closed, (end, ..)) in ENDS.into_iter().enumerate() {
        let messages = [("1", "whole"), ("2", end)].map(|(id, end)| (id, json!(end).to_string()));
        assert_eq!(failed(&service, sqs_of("bodies", messages)).await, ["2"], "{end}");
        connections(&service, &counts, closed + 1).await;
    }
}

/// The function's own deadline is earlier than the handler's.
#[tokio::test(start_paused = true)]
async fn a_body_that_hangs_ends_at_the_functions_deadline() {
    let (service, _) = service().await;
    let begun = tokio::time::Instant::now();
    let failure = service.event_within(r#""hangs""#, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(failure.code(), "DEADLINE_EXCEEDED");
    assert_eq!(begun.elapsed().as_millis(), 300);
}

/// It is always ready, so a held clock would stand still.
#[tokio::test]
async fn a_body_that_spins_ends_at_the_deadline_and_leaves_others_their_turn() {
    let (service, _) = service().await;
    let other = tokio::spawn(std::future::ready(()));
    let failure = service.event_within(r#""spins""#, Duration::from_millis(100)).await.unwrap_err();
    assert_eq!(failure.code(), "DEADLINE_EXCEEDED");
    assert!(other.is_finished());
}

/// Nothing reads the body of an answer to `HEAD`, so nothing produces it.
#[tokio::test(start_paused = true)]
async fn a_head_request_waits_for_no_body_and_its_connection_is_lent_again() {
    let (service, counts) = service().await;
    assert_eq!(service.head("/body/hangs").await.unwrap().status(), 200);
    connections(&service, &counts, 0).await;
}
