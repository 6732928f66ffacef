//! What AWS does between a queue and a function: Lambda's event source mapping for SQS.
//!
//! Pollers receive batches, invoke the function with them, and delete what is done. **Unlike AWS**, what is not done becomes
//! visible at once and not when the visibility timeout is over: so a test can have a timeout that no slow machine meets, and
//! a FIFO queue of moto's gives a group out in order, which it does not do after a timeout.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::runtime_api::{Answer, InvokeError, RuntimeApi};
use crate::sqs::{Message, Queue, REGION};

/// The time between two looks into an empty queue, and between two tries to find a process.
const PAUSE: Duration = Duration::from_millis(10);

/// A queue as the source of a function's events, as its owner would configure it on AWS.
#[derive(Clone, Debug)]
pub struct EventSource {
    queue: Queue,
    pollers: usize,
    batch_size: usize,
    uneven: bool,
    partial: bool,
}

/// One invocation of the function and what came of it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The id of the invocation in the double's history.
    pub request_id: String,
    /// What was sent.
    pub messages: Vec<Message>,
    /// What the function answered.
    pub answer: Answer,
    /// The ids of the messages that were not deleted.
    pub returned: HashSet<String>,
}

/// A source at work.
#[derive(Debug, Default)]
pub struct Running {
    over: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<String>,
    batches: Vec<Batch>,
}

impl EventSource {
    /// A source with four pollers and batches of up to ten messages, which takes an answer for the whole batch.
    pub fn of(queue: &Queue) -> Self {
        Self { queue: queue.clone(), pollers: 4, batch_size: 10, uneven: false, partial: false }
    }

    /// How many batches are on their way at most; 4 unless set.
    #[must_use]
    pub fn pollers(mut self, pollers: usize) -> Self {
        self.pollers = pollers;
        self
    }

    /// How many messages are in a batch at most, from 1 to 10; 10 unless set.
    #[must_use]
    pub fn batch_size(mut self, messages: usize) -> Self {
        self.batch_size = messages;
        self
    }

    /// Batches of all sizes up to the limit, as SQS fills them, so that the same messages are not always together.
    #[must_use]
    pub fn uneven(mut self) -> Self {
        self.uneven = true;
        self
    }

    /// The function answers for each message: `ReportBatchItemFailures`.
    #[must_use]
    pub fn report_batch_item_failures(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Feeds the function for as long as `test` runs, and returns every invocation that there was.
    ///
    /// # Panics
    ///
    /// When `test` does, and when the function does not take an event in time.
    pub fn run<T>(&self, lambda: &RuntimeApi, test: impl FnOnce(&Running) -> T) -> (T, Vec<Batch>) {
        let running = Running::default();
        let result = thread::scope(|scope| {
            // Also when the test panics: its account comes when the pollers have ended.
            let _ends = Ends(&running);
            for _ in 0..self.pollers {
                scope.spawn(|| {
                    let _ends = Ends(&running);
                    self.poll(lambda, &running);
                });
            }
            test(&running)
        });
        (result, running.seen.into_inner().unwrap_or_else(PoisonError::into_inner).batches)
    }

    fn poll(&self, lambda: &RuntimeApi, running: &Running) {
        for number in 0.. {
            if running.is_over() {
                return;
            }
            // Seven and ten have no divisor in common, so every size up to ten has its turn.
            let smaller = if self.uneven { number * 7 % self.batch_size } else { 0 };
            let messages = self.queue.receive(self.batch_size - smaller);
            if messages.is_empty() {
                thread::sleep(PAUSE);
                continue;
            }
            running.seen().ids.extend(messages.iter().map(|message| message.id.clone()));
            let Some((request_id, answer)) = self.invoke(lambda, running, &messages) else { return };
            let returned = self.failed(&answer, &messages);
            let (failed, done): (Vec<_>, Vec<_>) =
                messages.iter().cloned().partition(|message| returned.contains(&message.id));
            // Noted first, so that the batches of a message group stand in their order.
            running.seen().batches.push(Batch { request_id, messages, answer, returned });
            self.queue.delete(&done);
            self.queue.release(&failed);
        }
    }

    /// Nothing when the source ended before there was a process.
    fn invoke(
        &self,
        lambda: &RuntimeApi,
        running: &Running,
        messages: &[Message],
    ) -> Option<(String, Answer)> {
        let event = self.event(messages);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        loop {
            let invoke = lambda.invoke(&event);
            let request_id = invoke.request_id().to_owned();
            match runtime.block_on(invoke.into_future()) {
                Ok(answer) => return Some((request_id, answer)),
                // AWS starts another one, and this event waits for it.
                Err(InvokeError::Ended) if !running.is_over() => thread::sleep(PAUSE),
                Err(InvokeError::Ended) => return None,
                Err(InvokeError::NotTaken) => panic!("the function did not take {event}"),
            }
        }
    }

    fn event(&self, messages: &[Message]) -> Value {
        let records: Vec<_> = messages
            .iter()
            .map(|message| {
                json!({
                    "messageId": message.id,
                    "receiptHandle": message.receipt_handle,
                    "body": message.body,
                    "attributes": message.attributes,
                    "messageAttributes": {},
                    "md5OfBody": message.md5_of_body,
                    "eventSource": "aws:sqs",
                    "eventSourceARN": self.queue.arn(),
                    "awsRegion": REGION,
                })
            })
            .collect();
        json!({"Records": records})
    }

    /// The ids of the messages that are not done.
    fn failed(&self, answer: &Answer, messages: &[Message]) -> HashSet<String> {
        let ids: HashSet<_> = messages.iter().map(|message| message.id.clone()).collect();
        match answer {
            Answer::Response(_) if !self.partial => HashSet::new(),
            Answer::Response(response) => item_failures(response, &ids).unwrap_or(ids),
            Answer::Error { .. } | Answer::TimedOut | Answer::Crashed => ids,
        }
    }
}

impl Running {
    /// How many different messages were received so far.
    pub fn received(&self) -> usize {
        self.seen().ids.len()
    }

    /// Whether the test or a poller has ended.
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a source when it is dropped.
struct Ends<'a>(&'a Running);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// The failed ones of a batch as Lambda reads them from an answer; nothing when it takes the whole batch for failed.
///
/// Lambda's rules, from its guide: an empty answer or list is a complete success; an answer that cannot be read, and an
/// identifier that is null, empty, under another key or not of this batch, make a complete failure.
fn item_failures(response: &[u8], ids: &HashSet<String>) -> Option<HashSet<String>> {
    let failures = match serde_json::from_slice(response).ok()? {
        Value::Null => Value::Null,
        Value::Object(mut answer) => answer.remove("batchItemFailures").unwrap_or_default(),
        _ => return None,
    };
    match failures {
        Value::Null => Some(HashSet::new()),
        Value::Array(failures) => failures.iter().map(|failure| named(failure, ids)).collect(),
        _ => None,
    }
}

fn named(failure: &Value, ids: &HashSet<String>) -> Option<String> {
    ids.get(failure.get("itemIdentifier")?.as_str()?).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::wait_until;
    use crate::http::Request;
    use crate::servers::Moto;
    use crate::sqs::{Counts, Entry};

    fn ids(ids: &[&str]) -> HashSet<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn answers_are_read_as_lambda_reads_them() {
        for (answer, failed) in [
            (r#"{"batchItemFailures": [{"itemIdentifier": "b"}]}"#, Some(ids(&["b"]))),
            (
                r#"{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "a"}]}"#,
                Some(ids(&["a", "b"])),
            ),
            (r#"{"batchItemFailures": []}"#, Some(ids(&[]))),
            (r#"{"batchItemFailures": null}"#, Some(ids(&[]))),
            ("{}", Some(ids(&[]))),
            (r#"{"statusCode": 200}"#, Some(ids(&[]))),
            ("null", Some(ids(&[]))),
            (r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#, None),
            (r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#, None),
            (r#"{"batchItemFailures": [{"itemIdentifier": "c"}]}"#, None),
            (r#"{"batchItemFailures": [{"id": "a"}]}"#, None),
            (r#"{"batchItemFailures": ["a"]}"#, None),
            (r#"{"batchItemFailures": {"itemIdentifier": "a"}}"#, None),
            ("[]", None),
            ("\"\"", None),
            ("{", None),
            ("", None),
        ] {
            assert_eq!(item_failures(answer.as_bytes(), &ids(&["a", "b"])), failed, "{answer}");
        }
    }

    /// A function in a few lines: takes one event and answers with what `work` makes of its records.
    fn serve(lambda: &RuntimeApi, work: impl FnOnce(&[Value]) -> (&'static str, String)) {
        const RUNTIME: &str = "/2018-06-01/runtime/invocation";
        let event = Request::get(&format!("{RUNTIME}/next")).send(lambda.address());
        let id = event.header("lambda-runtime-aws-request-id").expect("an id");
        let attempt = event.header("lambda-runtime-invocation-id").expect("an id");
        let records = event.json()["Records"].as_array().expect("records").clone();
        let (end, answer) = work(&records);
        Request::new("POST", &format!("{RUNTIME}/{id}/{end}"))
            .header("lambda-runtime-invocation-id", attempt)
            .header("lambda-runtime-function-error-type", "Test.Failure")
            .body(answer)
            .send(lambda.address());
    }

    fn bodies(records: &[Value]) -> Vec<&str> {
        records.iter().map(|record| record["body"].as_str().expect("a body")).collect()
    }

    fn failure() -> (&'static str, String) {
        ("error", json!({"errorType": "Mine", "errorMessage": "it broke"}).to_string())
    }

    #[test]
    fn what_is_named_in_the_answer_comes_back_and_the_rest_is_deleted() {
        let moto = Moto::start();
        let dead = moto.queue("jobs-dead", &[]);
        let jobs = moto.queue("jobs", &[("VisibilityTimeout", "60"), ("RedrivePolicy", &dead.redrive(3))]);
        jobs.send(["a", "b", "c"].map(Entry::new));
        let lambda = RuntimeApi::builder().start();
        let source = EventSource::of(&jobs).pollers(1).report_batch_item_failures();
        let ((), batches) = source.run(&lambda, |running| {
            serve(&lambda, |records| {
                assert_eq!(bodies(records), ["a", "b", "c"]);
                assert_eq!(records[0]["eventSourceARN"], "arn:aws:sqs:eu-central-1:123456789012:jobs");
                assert_eq!(records[0]["attributes"]["ApproximateReceiveCount"], "1");
                let failed = json!([{"itemIdentifier": records[1]["messageId"]}]);
                ("response", json!({"batchItemFailures": failed}).to_string())
            });
            for count in ["2", "3"] {
                serve(&lambda, |records| {
                    assert_eq!(bodies(records), ["b"]);
                    assert_eq!(records[0]["attributes"]["ApproximateReceiveCount"], count);
                    if count == "2" { failure() } else { ("response", "{\"batchItemFailures\": 7}".into()) }
                });
            }
            wait_until("the end of `b`", || (dead.counts().visible == 1).then_some(()));
            assert_eq!(running.received(), 3);
        });
        let returned: Vec<_> = batches.iter().map(|batch| batch.returned.len()).collect();
        assert_eq!(returned, [1, 1, 1]);
        assert_eq!(batches[1].answer.error_type(), Some("Mine"));
        assert_eq!(jobs.counts(), Counts::default());
        lambda.finish();
    }

    #[test]
    fn without_item_failures_a_batch_is_done_or_comes_back_as_a_whole() {
        let moto = Moto::start();
        let whole = moto.queue("whole", &[("VisibilityTimeout", "60")]);
        whole.send(["a", "b"].map(Entry::new));
        let lambda = RuntimeApi::builder().start();
        let ((), batches) = EventSource::of(&whole).pollers(1).run(&lambda, |running| {
            serve(&lambda, |_| failure());
            serve(&lambda, |records| {
                assert_eq!(bodies(records), ["a", "b"]);
                let failed = json!([{"itemIdentifier": records[1]["messageId"]}]);
                ("response", json!({"batchItemFailures": failed}).to_string())
            });
            wait_until("the end", || (whole.counts() == Counts::default()).then_some(()));
            assert_eq!(running.received(), 2);
        });
        assert_eq!((batches[0].returned.len(), batches[1].returned.len()), (2, 0));
        assert_eq!(whole.counts(), Counts::default());
        lambda.finish();
    }
}
