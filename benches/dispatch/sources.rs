//! What sends events, and who serves it.

use benches::Contender;
use bytes::Bytes;
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::contenders::{self, contender, runtime};

/// Lift and its peers, as the columns of the tables.
pub(crate) const PEERS: [&str; 4] =
    ["lift", "lambda_http + axum", "lambda_http + service_fn", "lambda_runtime + aws_lambda_events"];

/// The event of an HTTP API of API Gateway.
pub(crate) const HTTP_API: &str = include_str!("events/v2.json");

/// A source of events, with the contenders that serve it, lift first.
pub(crate) struct Source {
    pub(crate) name: &'static str,
    /// How much faster lift has to be than lambda_http + axum, and than lambda_runtime + aws_lambda_events.
    pub(crate) targets: [&'static str; 2],
    pub(crate) contenders: Vec<(&'static str, Contender)>,
}

/// All of them; a round is so many events.
pub(crate) fn all(events: usize) -> [Source; 5] {
    let http_api = http(HTTP_API, "", function_raw::http_api, events);
    // lambda_http puts the stage before the path.
    let rest_api = http(include_str!("events/v1.json"), "/prod", function_raw::rest_api, events);
    let load_balancer = http(include_str!("events/alb.json"), "", function_raw::load_balancer, events);
    let function_url = http(include_str!("events/furl.json"), "", function_raw::function_url, events);
    [
        Source { name: "API Gateway v2", targets: ["≥ 4×", "≥ 2.3×"], contenders: http_api },
        Source { name: "API Gateway v1", targets: ["≥ 4×", "≥ 2.3×"], contenders: rest_api },
        Source { name: "load balancer", targets: ["", ""], contenders: load_balancer },
        Source { name: "function URL", targets: ["", ""], contenders: function_url },
        Source { name: "SQS, 10 messages", targets: ["", "≥ 2.5×"], contenders: queue(events) },
    ]
}

fn http<E, A, Fut>(
    event: &'static str,
    stage: &str,
    handle: fn(LambdaEvent<E>) -> Fut,
    events: usize,
) -> Vec<(&'static str, Contender)>
where
    E: DeserializeOwned + 'static,
    A: Serialize + 'static,
    Fut: Future<Output = Result<A, lambda_runtime::Error>> + 'static,
{
    let event = Bytes::from_static(event.as_bytes());
    let [lift, axum, http, raw] = PEERS;
    vec![
        (lift, receipt(contenders::lift(function_lift::app(), &event), events)),
        (axum, receipt(contenders::axum(function_axum::router(stage), &event), events)),
        (http, receipt(contenders::http(&event), events)),
        (raw, receipt(contenders::raw(handle, &event), events)),
    ]
}

fn queue(events: usize) -> Vec<(&'static str, Contender)> {
    let event = Bytes::from_static(include_bytes!("events/sqs10.json"));
    let [lift, .., raw] = PEERS;
    vec![
        (lift, accepted(contenders::lift(function_lift::queue(), &event), events)),
        (raw, accepted(contenders::raw(function_raw::queue, &event), events)),
    ]
}

/// A contender that has been seen to answer with the receipt.
fn receipt(mut call: impl AsyncFnMut() -> Bytes + 'static, events: usize) -> Contender {
    let answer = runtime().block_on(call());
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let expected = json!({
        "id": "ord-12345", "sku": "WIDGET-9001", "quantity": 3, "total_cents": 5997, "currency": "EUR", "gift": false,
    });
    assert_eq!((&answer["statusCode"], body), (&json!(200), expected), "{answer}");
    let [one, many] =
        ["/headers/content-type", "/multiValueHeaders/content-type/0"].map(|at| answer.pointer(at));
    assert_eq!(one.or(many), Some(&json!("application/json")), "{answer}");
    contender(events, call)
}

/// A contender that has been seen to accept all messages.
fn accepted(mut call: impl AsyncFnMut() -> Bytes + 'static, events: usize) -> Contender {
    let answer = runtime().block_on(call());
    assert!(
        ["null", r#"{"batchItemFailures":[]}"#].contains(&str::from_utf8(&answer).unwrap()),
        "{answer:?}"
    );
    contender(events, call)
}
