//! What several tests need: a resource whose connections are numbered, so that a test can see which one it was lent; events.
#![allow(dead_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lift::config::NoSettings;
use lift::testing::TestService;
use lift::{BoxError, Init, Resource};
use serde_json::{Value, json};

/// What happened to the connections of one test.
#[derive(Clone, Default)]
pub struct Counts(Arc<Counters>);

#[derive(Default)]
struct Counters {
    opened: AtomicUsize,
    closed: AtomicUsize,
    checked: AtomicUsize,
}

impl Counts {
    pub fn opened(&self) -> usize {
        self.0.opened.load(Ordering::SeqCst)
    }

    pub fn closed(&self) -> usize {
        self.0.closed.load(Ordering::SeqCst)
    }

    pub fn checked(&self) -> usize {
        self.0.checked.load(Ordering::SeqCst)
    }

    /// Opens the next connection.
    pub fn open(&self) -> Numbered {
        Numbered {
            number: self.0.opened.fetch_add(1, Ordering::SeqCst) + 1,
            valid: true,
            counts: self.clone(),
        }
    }
}

pub struct Numbered {
    pub number: usize,
    pub valid: bool,
    counts: Counts,
}

impl Resource for Numbered {
    type Config = NoSettings;
    type Error = BoxError;

    fn spec() -> lift::resource::ResourceSpec {
        lift::resource::ResourceSpec::named("numbered").max_size(1).warm(lift::resource::Warm::Lazy)
    }

    async fn initialize(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Err("tests open it with `Counts::open`".into())
    }

    fn is_valid(&self) -> bool {
        self.valid
    }

    async fn health_check(&mut self) -> Result<(), BoxError> {
        self.counts.0.checked.fetch_add(1, Ordering::SeqCst);
        if self.valid { Ok(()) } else { Err("broken".into()) }
    }

    async fn cleanup(self) {
        self.counts.0.closed.fetch_add(1, Ordering::SeqCst);
    }
}

/// The event of one message of the queue `jobs`.
pub fn sqs(body: &str) -> String {
    sqs_of("jobs", [("m", body)])
}

/// The event of messages of a queue, each an id and a body.
pub fn sqs_of<I: Into<String>, B: Into<String>>(
    queue: &str,
    messages: impl IntoIterator<Item = (I, B)>,
) -> String {
    let record = |(id, body): (I, B)| {
        json!({
            "messageId": id.into(), "receiptHandle": "r", "body": body.into(), "attributes": {}, "messageAttributes": {},
            "eventSource": "aws:sqs", "eventSourceARN": format!("arn:aws:sqs:eu-central-1:123456789012:{queue}"),
        })
    };
    json!({ "Records": messages.into_iter().map(record).collect::<Vec<_>>() }).to_string()
}

/// The ids that an event's partial answer names.
pub async fn failed(service: &TestService, event: String) -> Vec<String> {
    let answer: Value = serde_json::from_slice(&service.event(event).await.unwrap()).unwrap();
    let failures = answer.get("batchItemFailures").and_then(Value::as_array).unwrap();
    let id = |failure: &Value| failure.get("itemIdentifier").and_then(Value::as_str).unwrap().to_owned();
    failures.iter().map(id).collect()
}
