//! SQS from the outside: its JSON protocol (AWS JSON 1.0) over the harness's HTTP client.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{Connection, Request};

/// Where the queues are, as in the environment of a function.
pub const REGION: &str = "eu-central-1";

/// As many messages as one call of SQS takes or gives.
const BATCH: usize = 10;

/// A server with the SQS API.
#[derive(Clone, Debug)]
pub struct Endpoint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    /// One call at a time: moto guards nothing, so that two calls side by side lose deletions or give a message out twice.
    turn: Mutex<()>,
    /// How many messages were sent, which keeps their deduplication ids apart.
    sent: AtomicU64,
}

/// A queue.
#[derive(Clone, Debug)]
pub struct Queue {
    endpoint: Endpoint,
    name: String,
    url: String,
    arn: String,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Entry {
    body: String,
    group: Option<String>,
}

/// A message that was received.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    /// The same for each time that it is received.
    #[serde(rename = "MessageId")]
    pub id: String,
    /// New for each time that it is received.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// The MD5 of the body.
    #[serde(rename = "MD5OfBody")]
    pub md5_of_body: String,
    /// What SQS knows of it.
    pub attributes: BTreeMap<String, String>,
}

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that can be received.
    pub visible: usize,
    /// Those that were received and neither deleted nor given back.
    pub not_visible: usize,
}

impl Endpoint {
    /// The server that listens there.
    pub fn new(address: SocketAddr) -> Self {
        Self(Arc::new(Inner { address, turn: Mutex::default(), sent: AtomicU64::default() }))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Makes a queue.
    ///
    /// # Panics
    ///
    /// When SQS would not make it.
    pub fn create(&self, name: &str, attributes: &[(&str, &str)]) -> Queue {
        let attributes: BTreeMap<_, _> = attributes.iter().copied().collect();
        let made = self.call("CreateQueue", &json!({"QueueName": name, "Attributes": attributes}));
        let url = text(&made["QueueUrl"]);
        let known =
            self.call("GetQueueAttributes", &json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]}));
        let arn = text(&known["Attributes"]["QueueArn"]);
        Queue { endpoint: self.clone(), name: name.to_owned(), url, arn }
    }

    fn call(&self, action: &str, input: &Value) -> Value {
        let request = Request::new("POST", "/")
            .header("x-amz-target", &format!("AmazonSQS.{action}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header(
                "authorization",
                &format!(
                    "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/sqs/aws4_request, \
                     SignedHeaders=host, Signature=0"
                ),
            )
            .header("connection", "close")
            .body(input.to_string());
        let turn = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let response = Connection::open(self.0.address).and_then(|mut connection| connection.call(&request));
        drop(turn);
        let response = match response {
            Ok(response) => response,
            Err(error) => panic!("{action} with {input}: {error}"),
        };
        assert_eq!(response.status, 200, "{action} with {input}: {}", response.text());
        if response.body.is_empty() { Value::Null } else { response.json() }
    }
}

impl Queue {
    /// Its name, with `.fifo` at the end if it is one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The attribute `RedrivePolicy` of another queue whose messages come here after so many receives.
    pub fn redrive(&self, max_receive_count: u32) -> String {
        json!({"deadLetterTargetArn": self.arn, "maxReceiveCount": max_receive_count}).to_string()
    }

    /// Sends messages, in this order.
    ///
    /// # Panics
    ///
    /// When SQS refuses one.
    pub fn send(&self, messages: impl IntoIterator<Item = Entry>) {
        let entries = messages.into_iter().enumerate().map(|(number, message)| {
            let mut entry = json!({"Id": number.to_string(), "MessageBody": message.body});
            if let Some(group) = message.group {
                let sent = self.endpoint.0.sent.fetch_add(1, Ordering::Relaxed);
                entry["MessageDeduplicationId"] = json!(sent.to_string());
                entry["MessageGroupId"] = json!(group);
            }
            entry
        });
        self.batches("SendMessageBatch", entries.collect());
    }

    /// Receives up to so many messages, of which there are at most ten, without waiting for any.
    ///
    /// # Panics
    ///
    /// When SQS refuses.
    pub fn receive(&self, most: usize) -> Vec<Message> {
        let input = json!({
            "QueueUrl": self.url,
            "MaxNumberOfMessages": most,
            "MessageSystemAttributeNames": ["All"],
            "WaitTimeSeconds": 0,
        });
        let received = self.endpoint.call("ReceiveMessage", &input);
        match received.get("Messages") {
            Some(messages) => Vec::deserialize(messages).expect("messages as SQS describes them"),
            None => Vec::new(),
        }
    }

    /// Deletes messages.
    ///
    /// # Panics
    ///
    /// When SQS refuses one.
    pub fn delete(&self, messages: &[Message]) {
        let entries = messages.iter().enumerate().map(
            |(number, message)| json!({"Id": number.to_string(), "ReceiptHandle": message.receipt_handle}),
        );
        self.batches("DeleteMessageBatch", entries.collect());
    }

    /// Makes messages visible again at once: the visibility timeout is set to zero.
    ///
    /// # Panics
    ///
    /// When SQS refuses one.
    pub fn release(&self, messages: &[Message]) {
        let entries = messages.iter().enumerate().map(|(number, message)| {
            json!({"Id": number.to_string(), "ReceiptHandle": message.receipt_handle, "VisibilityTimeout": 0})
        });
        self.batches("ChangeMessageVisibilityBatch", entries.collect());
    }

    /// How many messages it holds.
    ///
    /// # Panics
    ///
    /// When SQS does not tell.
    pub fn counts(&self) -> Counts {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let input = json!({"QueueUrl": self.url, "AttributeNames": names});
        let known = self.endpoint.call("GetQueueAttributes", &input);
        let [visible, not_visible] =
            names.map(|name| text(&known["Attributes"][name]).parse().expect("a count"));
        Counts { visible, not_visible }
    }

    fn batches(&self, action: &str, entries: Vec<Value>) {
        for entries in entries.chunks(BATCH) {
            let done = self.endpoint.call(action, &json!({"QueueUrl": self.url, "Entries": entries}));
            let failed = done["Failed"].as_array().is_some_and(|failed| !failed.is_empty());
            assert!(!failed, "{action} to {}: {done}", self.name);
        }
    }
}

impl Entry {
    /// A message of this body.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), group: None }
    }

    /// In this group of a FIFO queue.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }
}

impl Message {
    /// How often it was received, this time included.
    ///
    /// # Panics
    ///
    /// When SQS does not tell.
    pub fn receive_count(&self) -> u32 {
        self.attributes["ApproximateReceiveCount"].parse().expect("a count")
    }

    /// Its group in a FIFO queue.
    pub fn group(&self) -> Option<&str> {
        self.attributes.get("MessageGroupId").map(String::as_str)
    }
}

fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => panic!("not a text: {value}"),
    }
}
