//! Changes of a table: an item is read as the handler's type asks.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // tests fail loudly

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lift::event::Change;
use lift::prelude::*;
use lift::testing::TestService;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // they are shown
struct Order {
    near: f64,
    small: Option<f32>,
    whole: u128,
    written: String,
    all: Vec<f64>,
    by_shop: BTreeMap<u64, Vec<Option<f64>>>,
    any: Value,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Key {
    id: u128,
    at: f64,
}

#[lift::handler(dynamodb = "orders", partial)]
async fn changed(change: Change<Order>, seen: Shared<Seen>) -> Result<(), lift::Failure> {
    let key: Key = change.key()?;
    seen.note(format!("{key:?} {} {:?} {:?}", Value::from(change.keys.clone()), change.old, change.new));
    Ok(())
}

async fn start(seen: &Seen) -> TestService {
    App::new("changes").provide(seen.clone()).handlers(lift::handlers![changed]).test().start().await.unwrap()
}

fn event(keys: &Value, new: &Value) -> String {
    json!({"Records": [{
        "eventSource": "aws:dynamodb", "eventName": "INSERT", "eventID": "1",
        "eventSourceARN": "arn:aws:dynamodb:x:1:table/orders/stream/2026-01-01T00:00:00.000",
        "dynamodb": {"Keys": keys, "NewImage": new, "SequenceNumber": "9"},
    }]})
    .to_string()
}

#[tokio::test]
async fn numbers_of_any_length_do_not_fail_their_record() {
    const MOST: &str = "12345678901234567890123456789012345678";
    let seen = Seen::default();
    let service = start(&seen).await;
    let keys = json!({"id": {"N": MOST}, "at": {"N": "0.30000000000000004"}});
    let new = json!({
        "near": {"N": format!("0.{MOST}9")}, "small": {"N": "0.30000000000000004"}, "whole": {"N": MOST},
        "written": {"N": format!("{MOST}.5")}, "all": {"NS": ["0.30000000000000004", MOST]},
        "by_shop": {"M": {"7": {"L": [{"N": MOST}, {"NULL": true}]}}}, "any": {"N": MOST},
    });
    let answer = service.event(event(&keys, &new)).await.unwrap();
    assert_eq!(answer, r#"{"batchItemFailures":[]}"#);
    assert_eq!(
        seen.take(),
        [format!(
            "Key {{ id: {MOST}, at: 0.30000000000000004 }} {{\"at\":0.30000000000000004,\"id\":\"{MOST}\"}} None Some(Order {{ \
             near: 0.12345678901234568, small: Some(0.3), whole: {MOST}, written: \"{MOST}.5\", \
             all: [0.30000000000000004, 1.2345678901234568e37], \
             by_shop: {{7: [Some(1.2345678901234568e37), None]}}, any: String(\"{MOST}\") }})"
        )]
    );
}

#[tokio::test]
async fn what_does_not_fit_fails_its_record_and_is_not_logged() {
    let seen = Seen::default();
    let service = start(&seen).await;
    let keys = json!({"id": {"N": "1"}, "at": {"N": "1"}});
    for wrong in [json!({"N": "1.5"}), json!({"S": "1"}), json!({"N": "-1"}), json!({"N": "1e39"}), json!(1)]
    {
        let mut new = json!({
            "near": {"N": "1"}, "written": {"S": "1"}, "all": {"L": []}, "by_shop": {"M": {}}, "any": {"BOOL": true},
        });
        new["whole"] = wrong;
        let answer = service.event(event(&keys, &new)).await.unwrap();
        assert_eq!(answer, r#"{"batchItemFailures":[{"itemIdentifier":"9"}]}"#, "{new}");
    }
    assert_eq!(service.event(event(&json!({"id": {"N": "x"}}), &json!({}))).await.unwrap().len(), 46);
    assert!(seen.take().is_empty());
}
