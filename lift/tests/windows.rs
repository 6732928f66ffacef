//! Tumbling windows of streams: the state that Lambda hands from call to call.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::collections::BTreeMap;

use base64::Engine;
use lift::event::{Batch, Failed, Window};
use lift::prelude::*;
use lift::testing::TestService;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

type Counts = BTreeMap<String, u64>;

#[derive(Debug, thiserror::Error, LiftError)]
enum CountError {
    #[error("not now")]
    #[lift(status = 503, retry)]
    Later,
    #[error("never")]
    #[lift(status = 422)]
    Never,
}

/// Counts words; `bad` is not done, `later`, `never` and `panic` are the end of the call.
fn count(batch: &Batch<String>, window: &mut Window<Counts>) -> Result<Failed, CountError> {
    let mut failed = Failed::none();
    for item in batch {
        match item.value.as_str() {
            "bad" => {
                failed.add(item);
                break;
            }
            "later" => return Err(CountError::Later),
            "never" => return Err(CountError::Never),
            "panic" => panic!("as it was told"),
            word => *window.state.entry(word.to_owned()).or_default() += 1,
        }
    }
    if window.is_final {
        window.state.insert(format!("{} {} {}", window.start, window.end, window.shard_id), 0);
    }
    Ok(failed)
}

#[lift::handler(kinesis = "clicks", partial)]
async fn partly(
    batch: Batch<String>,
    mut window: Window<Counts>,
) -> Result<(Window<Counts>, Failed), CountError> {
    let failed = count(&batch, &mut window)?;
    Ok((window, failed))
}

#[lift::handler(kinesis = "clicks", on_permanent = "drop")]
async fn wholly(mut window: Window<Counts>, batch: Batch<String>) -> Result<Window<Counts>, CountError> {
    let _ = count(&batch, &mut window)?;
    Ok(window)
}

/// Has fields that a new window does not have.
#[derive(Default, Serialize, Deserialize)]
struct Total {
    changes: u64,
}

#[lift::handler(dynamodb = "orders")]
async fn changes(batch: Batch<Value>, mut window: Window<Total>) -> Window<Total> {
    window.changes += batch.len() as u64;
    window
}

#[lift::handler(kinesis = "clicks", partial)]
async fn stateless(_batch: Batch<String>) {}

#[lift::handler(kinesis = "clicks")]
async fn one_by_one(_word: Json<String>) {}

#[lift::handler(invoke = "direct")]
async fn direct(event: Json<Value>) -> Json<Value> {
    event
}

const STREAM: &str = "arn:aws:kinesis:eu-central-1:123456789012:stream/clicks";

fn event(words: &[&str], state: &Value, is_final: bool) -> Value {
    let record = |(index, word): (usize, &&str)| {
        let data = base64::prelude::BASE64_STANDARD.encode(json!(word).to_string());
        json!({
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "1", "sequenceNumber": index.to_string(),
                "data": data, "approximateArrivalTimestamp": 1607497475.000},
            "eventSource": "aws:kinesis", "eventID": format!("shardId-000000000006:{index}"),
            "eventSourceARN": STREAM,
        })
    };
    let records: Vec<_> = words.iter().enumerate().map(record).collect();
    json!({
        "Records": records,
        "window": {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"},
        "state": state, "shardId": "shardId-000000000006", "eventSourceARN": STREAM,
        "isFinalInvokeForWindow": is_final, "isWindowTerminatedEarly": false,
    })
}

async fn start(handlers: lift::handler::Handlers) -> TestService {
    App::new("windows").handlers(handlers).test().start().await.unwrap()
}

async fn answer(service: &TestService, event: &Value) -> Result<Value, String> {
    let answer = service.event(event.to_string()).await.map_err(|failure| failure.code().to_owned())?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

#[tokio::test]
async fn a_state_goes_from_call_to_call_until_the_window_ends() {
    for handlers in [lift::handlers![partly], lift::handlers![wholly]] {
        let service = start(handlers).await;
        let first = answer(&service, &event(&["a", "b", "a"], &json!({}), false)).await.unwrap();
        assert_eq!(first, json!({"state": {"a": 2, "b": 1}, "batchItemFailures": []}));
        let second = answer(&service, &event(&["b"], &first["state"], false)).await.unwrap();
        assert_eq!(second["state"], json!({"a": 2, "b": 2}));
        let end =
            json!({"a": 2, "b": 2, "2020-12-09T07:04:00Z 2020-12-09T07:06:00Z shardId-000000000006": 0});
        let mut last = event(&[], &second["state"], true);
        for records in [json!([]), Value::Null] {
            last["Records"] = records;
            let last = answer(&service, &last).await.unwrap();
            assert_eq!(last, json!({"state": end, "batchItemFailures": []}));
        }
        last.as_object_mut().unwrap().remove("Records");
        assert_eq!(answer(&service, &last).await.unwrap()["state"], end);
    }
}

#[tokio::test]
async fn an_error_leaves_the_state_as_it_was() {
    let state = json!({"a": 7});
    let service = start(lift::handlers![partly]).await;
    // What is named comes again, and the state is what the handler has made of the others.
    let partial = answer(&service, &event(&["a", "bad", "b"], &state, false)).await.unwrap();
    assert_eq!(partial, json!({"state": {"a": 8}, "batchItemFailures": [{"itemIdentifier": "1"}]}));
    // A record that cannot be read is one of them.
    let mut unreadable = event(&["a", "b", "c"], &state, false);
    unreadable["Records"][1]["kinesis"]["data"] = json!("!");
    let partial = answer(&service, &unreadable).await.unwrap();
    assert_eq!(partial, json!({"state": {"a": 8}, "batchItemFailures": [{"itemIdentifier": "1"}]}));
    for word in ["later", "never", "panic"] {
        assert!(answer(&service, &event(&["a", word], &state, false)).await.is_err(), "{word}");
    }
    assert!(answer(&service, &event(&[], &json!([]), true)).await.is_err());

    let service = start(lift::handlers![wholly]).await;
    assert!(answer(&service, &event(&["a", "later"], &state, false)).await.is_err());
    // What is dropped has changed nothing.
    let dropped = answer(&service, &event(&["a", "never"], &state, false)).await.unwrap();
    assert_eq!(dropped, json!({"state": state, "batchItemFailures": []}));
}

#[tokio::test]
async fn a_table_has_windows_too_and_a_new_one_has_the_default_state() {
    let service = start(lift::handlers![changes]).await;
    let arn = "arn:aws:dynamodb:eu-central-1:1:table/orders/stream/2026-01-01T00:00:00.000";
    let change = json!({"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "eventSourceARN": arn,
        "dynamodb": {"Keys": {"id": {"S": "7"}}, "SequenceNumber": "9"}});
    let mut event = json!({
        "Records": [change.clone(), change], "shardId": "shard123456789", "eventSourceARN": arn,
        "window": {"start": "2020-07-30T17:00:00Z", "end": "2020-07-30T17:05:00Z"},
        "isFinalInvokeForWindow": false, "isWindowTerminatedEarly": false,
    });
    for state in [Some(json!({})), Some(Value::Null), None] {
        event.as_object_mut().unwrap().remove("state");
        if let Some(state) = state {
            event["state"] = state;
        }
        assert_eq!(answer(&service, &event).await.unwrap()["state"], json!({"changes": 2}));
    }
    event["state"] = json!({"changes": 5});
    event["Records"] = json!([]);
    event["isFinalInvokeForWindow"] = json!(true);
    assert_eq!(
        answer(&service, &event).await.unwrap(),
        json!({"state": {"changes": 5}, "batchItemFailures": []})
    );
}

#[tokio::test]
async fn an_event_of_a_window_is_refused_in_words_where_nobody_takes_it() {
    for handlers in [lift::handlers![stateless], lift::handlers![one_by_one], lift::handlers![direct]] {
        let service = start(handlers).await;
        for event in [event(&["a"], &json!({}), false), event(&[], &json!({}), true)] {
            let failure = service.event(event.to_string()).await.unwrap_err();
            assert_eq!(failure.code(), "EVENT_NOT_SERVED", "{event}");
            let words = failure.public_detail().unwrap();
            assert!(words.contains("tumbling window") && words.contains("clicks"), "{words}");
        }
    }
    let failure = start(lift::handlers![stateless]).await;
    let failure = failure.event(event(&["a"], &json!({}), false).to_string()).await.unwrap_err();
    assert!(failure.public_detail().unwrap().contains("`stateless` takes no `Window`"), "{failure:?}");
    // And the other way round.
    let service = start(lift::handlers![partly]).await;
    let mut plain = event(&["a"], &json!({}), false);
    plain.as_object_mut().unwrap().remove("window");
    let back = answer(&service, &plain).await.unwrap();
    assert_eq!(back, json!({"batchItemFailures": [{"itemIdentifier": "0"}]}));
    // Without its source the only handler of windows takes its end; and a payload may have a key of that name.
    let mut nameless = event(&[], &json!({"a": 1}), false);
    nameless["eventSourceARN"] = json!("stream-ARN");
    assert_eq!(answer(&service, &nameless).await.unwrap()["state"], json!({"a": 1}));
    let two = start(lift::handlers![partly, changes]).await;
    assert_eq!(answer(&two, &nameless).await.unwrap_err(), "EVENT_NOT_SERVED");
    let service = start(lift::handlers![direct, partly]).await;
    let own = json!({"window": {"width": 7}, "state": {}});
    assert_eq!(answer(&service, &own).await.unwrap(), own);
}

#[tokio::test]
async fn a_state_that_a_layer_has_lost_is_no_answer() {
    use axum_core::response::Response;
    let forgets =
        tower::util::MapResponseLayer::new(|response: Response| Response::new(response.into_body()));
    let service = start(lift::handlers![wholly].layer(forgets)).await;
    assert_eq!(answer(&service, &event(&["a"], &json!({}), false)).await.unwrap_err(), "WINDOW_STATE_LOST");
}

#[tokio::test]
async fn a_panic_ends_its_call_alone() {
    let service = start(lift::handlers![wholly]).await;
    let event_of = |word: &str| event(&[word], &json!({"a": 1}), false);
    assert_eq!(answer(&service, &event_of("panic")).await.unwrap_err(), "PANIC");
    assert_eq!(answer(&service, &event_of("a")).await.unwrap()["state"], json!({"a": 2}));
}

#[tokio::test]
async fn a_handler_of_a_window_is_called_by_a_unit_test_as_any_other() {
    let window = Window::detached(Counts::from([("a".to_owned(), 1)]));
    let window = wholly(window, Batch(Vec::new())).await.unwrap();
    assert_eq!(window.state, Counts::from([("a".to_owned(), 1)]));
}
