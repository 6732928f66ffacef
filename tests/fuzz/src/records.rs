//! Records of queues, streams, topics, buckets and buses.
#![no_main]

mod service;

use std::sync::atomic::{AtomicUsize, Ordering};

use lift::event::{
    Batch, Change, EventBridgeEvent, KinesisRecord, S3Object, SnsNotification, SqsMessage,
};
use lift::prelude::*;
use serde_json::Value;

static DONE: AtomicUsize = AtomicUsize::new(0);

fn done() {
    DONE.fetch_add(1, Ordering::Relaxed);
}

#[lift::handler(sqs = "jobs", partial, concurrency = 3)]
async fn sqs(_message: SqsMessage, _job: Json<Value>) {
    done();
}

#[lift::handler(kinesis = "clicks", partial)]
async fn kinesis(_record: KinesisRecord, batch: Batch<Value>) {
    batch.iter().for_each(|_| done());
}

#[lift::handler(dynamodb = "orders", partial, concurrency = 2)]
async fn dynamodb(_change: Change<Value>) {
    done();
}

#[lift::handler(sns = "news")]
async fn sns(_notification: SnsNotification, _text: String) {
    done();
}

#[lift::handler(s3 = "uploads")]
async fn s3(_object: S3Object) {
    done();
}

#[lift::handler(schedule = "nightly")]
async fn schedule(_event: EventBridgeEvent) {
    done();
}

#[lift::handler(eventbridge(source = "shop"))]
async fn bus(_event: EventBridgeEvent, _detail: Json<Value>) {
    done();
}

fn app() -> App {
    App::new("records").handlers(lift::handlers![sqs, kinesis, dynamodb, sns, s3, schedule, bus])
}

libfuzzer_sys::fuzz_target!(|event: &[u8]| {
    DONE.store(0, Ordering::Relaxed);
    let Ok(answer) = service::event(app, event) else { return };
    let Some(failures) = answer.get("batchItemFailures").and_then(Value::as_array) else { return };
    // Of a queue every record is done or comes again; of a stream everything behind the first failure does.
    let event: Value = serde_json::from_slice(event).expect("an event that was served is JSON");
    let records = event["Records"].as_array().expect("records");
    let done = DONE.load(Ordering::Relaxed);
    if records[0]["eventSource"] == "aws:sqs" {
        assert_eq!(done + failures.len(), records.len(), "{answer}");
    } else {
        assert!(done == records.len() || !failures.is_empty(), "{done} of {}: {answer}", records.len());
    }
});
