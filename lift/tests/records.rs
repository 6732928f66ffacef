//! Records of queues, streams and the like: what is done, what comes again, what a handler can know of them.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lift::error::Origin;
use lift::event::{
    Batch, Change, ChangeKind, EventBridgeEvent, Failed, KinesisRecord, Record, S3Object, SnsNotification,
    SqsMessage,
};
use lift::prelude::*;
use lift::testing::TestService;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the handlers of one test have seen.
#[derive(Clone, Default)]
struct Seen(std::sync::Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[derive(Debug, thiserror::Error, LiftError)]
enum JobError {
    #[error("not now")]
    #[lift(status = 503, retry)]
    Later,
    #[error("never")]
    #[lift(status = 422, code = "HOPELESS")]
    Never,
}

/// What a job shall come to.
async fn work(job: &str, seen: &Seen) -> Result<(), JobError> {
    match job {
        "later" => Err(JobError::Later),
        "never" => Err(JobError::Never),
        "panic" => panic!("as it was told"),
        "hang" => std::future::pending().await,
        job => {
            seen.note(job);
            Ok(())
        }
    }
}

async fn start(handlers: lift::handler::Handlers, seen: &Seen) -> TestService {
    App::new("records").provide(seen.clone()).handlers(handlers).test().start().await.unwrap()
}

fn sqs_from(arn: &str, bodies: &[(&str, Value)]) -> String {
    let record = |(index, (group, body)): (usize, &(&str, Value))| {
        json!({
            "messageId": format!("m{index}"), "receiptHandle": "r", "body": body,
            "attributes": {"ApproximateReceiveCount": "2", "MessageGroupId": group}, "messageAttributes": {},
            "eventSource": "aws:sqs", "eventSourceARN": arn, "awsRegion": "eu-central-1",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
}

fn sqs(bodies: &[&str]) -> String {
    let bodies: Vec<_> = bodies.iter().map(|body| ("g", json!(format!("{body:?}")))).collect();
    sqs_from("arn:aws:sqs:eu-central-1:123456789012:jobs", &bodies)
}

/// The ids of a partial answer.
fn returned(answer: &[u8]) -> Vec<String> {
    let answer: Value = serde_json::from_slice(answer).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap_or_else(|| panic!("{answer}"));
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

#[lift::handler(sqs = "jobs", partial, timeout = "1s")]
async fn partial(seen: Shared<Seen>, job: Json<String>) -> Result<(), JobError> {
    work(&job, &seen).await
}

#[tokio::test(start_paused = true)]
async fn what_failed_comes_again_and_nothing_else() {
    let seen = Seen::default();
    let service = start(lift::handlers![partial], &seen).await;
    let bodies = [
        ("g", json!("\"a\"")),
        ("g", json!("\"later\"")),
        ("g", json!("\"b\"")),
        ("g", json!("\"panic\"")),
        ("g", json!("no json")),
        ("g", json!(7)),
        ("g", Value::Null),
        ("g", json!("\"hang\"")),
        ("g", json!("\"never\"")),
        ("g", json!("\"c\"")),
    ];
    let answer = service.event(sqs_from("arn:aws:sqs:eu-central-1:1:jobs", &bodies)).await.unwrap();
    assert_eq!(returned(&answer), ["m1", "m3", "m4", "m5", "m6", "m7", "m8"]);
    assert_eq!(seen.take(), ["a", "b", "c"]);
    assert_eq!(service.event(sqs(&["x"])).await.unwrap(), r#"{"batchItemFailures":[]}"#);
}

#[lift::handler(sqs = "jobs")]
async fn whole(seen: Shared<Seen>, job: Json<String>) -> Result<(), JobError> {
    work(&job, &seen).await
}

#[lift::handler(sqs = "jobs", on_permanent = "drop")]
async fn dropping(seen: Shared<Seen>, job: Json<String>) -> Result<(), JobError> {
    work(&job, &seen).await
}

#[tokio::test]
async fn without_partial_one_that_failed_takes_the_batch_along() {
    let seen = Seen::default();
    let service = start(lift::handlers![whole], &seen).await;
    let failure = service.event(sqs(&["a", "later", "b"])).await.unwrap_err();
    assert_eq!(failure.code(), "BATCH_FAILED");
    assert_eq!(failure.public_detail(), Some("1 of 3 records failed and 0 were not begun; all come again"));
    // A poisoned one must not keep the others from being tried.
    assert_eq!(seen.take(), ["a", "b"]);
    // One alone fails by its own name.
    assert_eq!(service.event(sqs(&["never"])).await.unwrap_err().code(), "HOPELESS");
    assert_eq!(service.event(sqs(&["a"])).await.unwrap(), "null");

    let service = start(lift::handlers![dropping], &seen).await;
    assert_eq!(service.event(sqs(&["never", "a"])).await.unwrap(), "null");
    assert_eq!(service.event(sqs(&["later", "a"])).await.unwrap_err().code(), "BATCH_FAILED");
}

#[lift::handler(sqs = "jobs", partial, concurrency = 4)]
async fn grouped(seen: Shared<Seen>, message: SqsMessage, job: Json<String>) -> Result<(), JobError> {
    // Groups take turns, and a group that is later than another one does not wait for it.
    tokio::time::sleep(Duration::from_millis(if message.group_id() == Some("a") { 7 } else { 2 })).await;
    work(&job, &seen).await
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_keeps_the_order_of_each_group_and_returns_the_rest_of_a_failed_one() {
    let seen = Seen::default();
    let service = start(lift::handlers![grouped], &seen).await;
    let text = |group, text: &str| (group, json!(format!("{text:?}")));
    let bodies = [
        text("a", "a1"),
        text("b", "b1"),
        text("a", "a2"),
        text("b", "later"),
        text("a", "a3"),
        text("b", "b3"),
        text("c", "c1"),
        text("b", "b4"),
    ];
    let answer = service.event(sqs_from("arn:aws:sqs:eu-central-1:1:jobs.fifo", &bodies)).await.unwrap();
    assert_eq!(returned(&answer), ["m3", "m5", "m7"]);
    let seen = seen.take();
    let of = |group: &str| seen.iter().filter(|job| job.starts_with(group)).cloned().collect::<Vec<_>>();
    assert_eq!(
        (of("a"), of("b"), of("c")),
        (vec!["a1".into(), "a2".into(), "a3".into()], vec!["b1".into()], vec!["c1".into()])
    );
    assert_ne!(seen, ["a1", "a2", "a3", "b1", "c1"], "groups run side by side");
}

#[tokio::test(start_paused = true)]
async fn groups_of_a_standard_queue_are_no_order() {
    let seen = Seen::default();
    let service = start(lift::handlers![grouped], &seen).await;
    let bodies = [("a", json!("\"later\"")), ("a", json!("\"x\"")), ("a", json!("\"y\""))];
    let answer = service.event(sqs_from("arn:aws:sqs:eu-central-1:1:jobs", &bodies)).await.unwrap();
    assert_eq!((returned(&answer), seen.take().len()), (vec!["m0".to_owned()], 2));
}

static MOST: AtomicUsize = AtomicUsize::new(0);
static NOW: AtomicUsize = AtomicUsize::new(0);

#[lift::handler(sqs = "jobs", partial, concurrency = 8)]
async fn slow(_job: Json<String>) {
    MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    NOW.fetch_sub(1, Ordering::SeqCst);
}

#[lift::handler(sqs = "jobs", partial)]
async fn slow_alone(seen: Shared<Seen>, job: Json<String>) {
    tokio::time::sleep(Duration::from_millis(50)).await;
    seen.note(job.0);
}

#[tokio::test(start_paused = true)]
async fn records_run_side_by_side_as_many_as_the_handler_says() {
    let service = start(lift::handlers![slow], &Seen::default()).await;
    let begun = tokio::time::Instant::now();
    let answer = service.event(sqs(&["a"; 40])).await.unwrap();
    assert_eq!((returned(&answer).len(), begun.elapsed()), (0, Duration::from_millis(250)));
    assert_eq!(MOST.load(Ordering::SeqCst), 8);
}

#[tokio::test(start_paused = true)]
async fn near_the_deadline_nothing_new_is_begun_and_nothing_is_cut_off() {
    let seen = Seen::default();
    let service = start(lift::handlers![slow_alone], &seen).await;
    let jobs: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let begun = tokio::time::Instant::now();
    let answer = service.event_within(sqs(&jobs), Duration::from_secs(1)).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    let done = seen.take();
    let returned = returned(&answer);
    // 100 ms, twice what one takes, are left for nothing new.
    assert_eq!((done.len(), returned.len()), (19, 81));
    assert_eq!(returned.first().map(String::as_str), Some("m19"));
    // Without any time there is nothing to begin.
    let answer = service.event_within(sqs(&["a"]), Duration::ZERO).await.unwrap();
    assert_eq!(self::returned(&answer), ["m0"]);
}

#[lift::handler(sqs = "jobs", partial, concurrency = 3)]
async fn as_long_as_it_takes(seen: Shared<Seen>, milliseconds: Json<u64>) {
    seen.note("begun");
    tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
    seen.note("ended");
}

/// As long as none takes longer than a tenth of all, or than twice the longest before it.
#[tokio::test(start_paused = true)]
async fn whatever_records_take_what_was_begun_is_ended_before_the_deadline() {
    let seen = Seen::default();
    let service = start(lift::handlers![as_long_as_it_takes], &seen).await;
    for seed in 0..200 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let bodies: Vec<_> = (0..60)
            .map(|_| {
                // 200 ms is a tenth of all.
                ("g", json!(chance.u64(1..=200).to_string()))
            })
            .collect();
        let begun = tokio::time::Instant::now();
        let batch = sqs_from("arn:aws:sqs:x:1:jobs", &bodies);
        let answer = service.event_within(batch, Duration::from_secs(2)).await.unwrap();
        assert!(begun.elapsed() <= Duration::from_secs(2), "{seed}");
        let seen = seen.take();
        let count = |what: &str| seen.iter().filter(|seen| *seen == what).count();
        assert_eq!(
            (count("begun"), count("ended") + returned(&answer).len()),
            (count("ended"), 60),
            "{seed}"
        );
    }
}

fn kinesis(bodies: &[(&str, &str)]) -> String {
    use base64::Engine;
    let record = |(index, (key, body)): (usize, &(&str, &str))| {
        let data = base64::prelude::BASE64_STANDARD.encode(format!("{body:?}"));
        json!({
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": key, "sequenceNumber": format!("s{index}"),
                "data": data, "approximateArrivalTimestamp": 1_545_084_650.987},
            "eventSource": "aws:kinesis", "eventID": format!("shardId-000000000006:s{index}"),
            "eventName": "aws:kinesis:record", "eventSourceARN": "arn:aws:kinesis:eu-central-1:1:stream/clicks",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
}

#[lift::handler(kinesis = "clicks", partial)]
async fn clicks(record: KinesisRecord, seen: Shared<Seen>, job: Json<String>) -> Result<(), JobError> {
    assert_eq!(
        (record.shard_id.as_str(), record.approximate_arrival),
        ("shardId-000000000006", Some(1_545_084_650.987))
    );
    work(&job, &seen).await
}

#[lift::handler(kinesis = "clicks", partial, concurrency = 4)]
async fn clicks_by_key(record: KinesisRecord, seen: Shared<Seen>, job: Json<String>) -> Result<(), JobError> {
    let wait = if record.partition_key == "slow" { 20 } else { 1 };
    tokio::time::sleep(Duration::from_millis(wait)).await;
    work(&job, &seen).await
}

#[tokio::test(start_paused = true)]
async fn a_stream_stops_at_its_first_failure_and_names_it() {
    let seen = Seen::default();
    let service = start(lift::handlers![clicks], &seen).await;
    let answer = service.event(kinesis(&[("k", "a"), ("k", "b"), ("k", "later"), ("k", "d")])).await.unwrap();
    assert_eq!(
        (returned(&answer), seen.take()),
        (vec!["s2".to_owned()], vec!["a".to_owned(), "b".to_owned()])
    );

    let service = start(lift::handlers![clicks_by_key], &seen).await;
    let batch = kinesis(&[("slow", "a"), ("k", "b"), ("k", "later"), ("slow", "d"), ("x", "e"), ("y", "f")]);
    let answer = service.event(batch).await.unwrap();
    // What comes again anyway is not begun any more.
    assert_eq!(returned(&answer), ["s2"]);
    assert_eq!(seen.take(), ["b", "e", "f", "a"]);
}

#[derive(Deserialize)]
struct Order {
    id: String,
    quantity: u32,
}

#[lift::handler(dynamodb = "orders", partial)]
async fn changed(change: Change<Order>, seen: Shared<Seen>) {
    let quantity = |order: Option<Order>| order.map(|order| (order.id, order.quantity));
    let kind = match change.kind {
        ChangeKind::Modify => "modify",
        _ => "other",
    };
    let (old, new) = (quantity(change.old), quantity(change.new));
    seen.note(format!("{kind} {} {:?} {old:?} {new:?}", change.record.table(), change.keys));
}

#[lift::handler(sns = "news")]
async fn news(notification: SnsNotification, seen: Shared<Seen>, text: String) {
    seen.note(format!(
        "{} {:?} {text} {:?}",
        notification.topic_arn, notification.subject, notification.attributes
    ));
}

#[lift::handler(s3 = "uploads")]
async fn upload(object: S3Object, seen: Shared<Seen>) {
    seen.note(format!("{} {} {} {:?}", object.event, object.bucket, object.key, object.size));
}

#[lift::handler(eventbridge(source = "shop", detail_type = "Order Placed"))]
async fn placed(event: EventBridgeEvent, seen: Shared<Seen>, order: Json<Value>) {
    seen.note(format!("placed {} {}", event.id, order.0));
}

#[lift::handler(eventbridge(source = "shop"))]
async fn any_of_shop(event: EventBridgeEvent, seen: Shared<Seen>) {
    seen.note(format!("any {}", event.detail_type));
}

#[lift::handler(schedule = "nightly")]
async fn nightly(event: Record<BTreeMap<String, Value>>, seen: Shared<Seen>) {
    seen.note(format!("nightly {}", event["resources"][0]));
}

#[lift::handler(ws = "$connect")]
async fn connect(context: lift::event::RequestContext, seen: Shared<Seen>) -> StatusCode {
    seen.note(format!("connect {:?}", context.connection_id));
    StatusCode::OK
}

#[lift::handler(ws = "$default")]
async fn message(seen: Shared<Seen>, text: String) -> String {
    seen.note(format!("message {text}"));
    "thanks".to_owned()
}

#[lift::handler(event = "logs", matches("/awslogs/data"))]
async fn logs(seen: Shared<Seen>, event: Json<Value>) -> Json<Value> {
    seen.note(format!("logs {}", event.0["awslogs"]["data"]));
    Json(json!({"ok": true}))
}

#[lift::handler(invoke = "direct")]
async fn direct(event: Json<Value>) -> Json<Value> {
    event
}

#[tokio::test]
async fn one_function_holds_all_triggers_and_each_event_reaches_its_own() {
    let seen = Seen::default();
    let handlers = lift::handlers![
        partial,
        clicks,
        changed,
        news,
        upload,
        placed,
        any_of_shop,
        nightly,
        connect,
        message,
        logs,
        direct
    ];
    let service = start(handlers, &seen).await;
    let image = |quantity: &str| json!({"id": {"S": "7"}, "quantity": {"N": quantity}});
    let bridge = |source: &str, kind: &str| {
        json!({"version": "0", "id": "e1", "source": source, "detail-type": kind, "account": "1", "region": "x",
            "time": "2026-01-01T00:00:00Z", "resources": ["arn:aws:events:x:1:rule/nightly"], "detail": {"id": 7}})
    };
    let web_socket = |key: &str| {
        json!({"requestContext": {"routeKey": key, "connectionId": "c1", "stage": "prod", "eventType": "MESSAGE"},
            "body": "hi", "isBase64Encoded": false})
    };
    for (event, expected, answer) in [
        (
            json!({"Records": [{"eventSource": "aws:dynamodb", "eventName": "MODIFY", "eventID": "1",
                "eventSourceARN": "arn:aws:dynamodb:x:1:table/orders/stream/2026-01-01T00:00:00.000",
                "dynamodb": {"Keys": {"id": {"S": "7"}}, "OldImage": image("1"), "NewImage": image("2"), "SequenceNumber": "9"}}]}),
            r#"modify orders {"id": String("7")} Some(("7", 1)) Some(("7", 2))"#,
            r#"{"batchItemFailures":[]}"#,
        ),
        (
            json!({"Records": [{"EventSource": "aws:sns", "EventSubscriptionArn": "arn:aws:sns:x:1:news:sub",
                "Sns": {"MessageId": "1", "TopicArn": "arn:aws:sns:x:1:news", "Subject": "s", "Message": "hello",
                    "MessageAttributes": {"a": {"Type": "String", "Value": "b"}}}}]}),
            r#"arn:aws:sns:x:1:news Some("s") hello {"a": "b"}"#,
            "null",
        ),
        (
            json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket":
                {"name": "uploads", "arn": "arn:aws:s3:::uploads"}, "object": {"key": "a+b%2Fc", "size": 3}}}]}),
            "ObjectCreated:Put uploads a b/c Some(3)",
            "null",
        ),
        (bridge("shop", "Order Placed"), r#"placed e1 {"id":7}"#, "null"),
        (bridge("shop", "Order Cancelled"), "any Order Cancelled", "null"),
        (bridge("aws.events", "Scheduled Event"), r#"nightly "arn:aws:events:x:1:rule/nightly""#, "null"),
        (web_socket("$connect"), r#"connect Some("c1")"#, ""),
        (web_socket("sendMessage"), "message hi", ""),
        (json!({"awslogs": {"data": "x"}}), r#"logs "x""#, r#"{"ok":true}"#),
        (json!({"a": 1}), "", r#"{"a":1}"#),
    ] {
        let answered =
            service.event(event.to_string()).await.unwrap_or_else(|failure| panic!("{event}: {failure:?}"));
        assert_eq!(seen.take().join(", "), expected, "{event}");
        match answer {
            "" => assert!(answered.starts_with(br#"{"statusCode":200"#), "{answered:?}"),
            answer => assert_eq!(answered, answer, "{event}"),
        }
    }
    for (event, words) in [
        (
            bridge("stranger", "Order Placed").to_string(),
            "an EventBridge event of type `Order Placed` from `stranger`",
        ),
        (web_socket("$disconnect").to_string(), "a WebSocket message of route `$disconnect`"),
        (json!({"Records": [{"eventSource": "aws:ses"}]}).to_string(), "a batch of records from `aws:ses`"),
    ] {
        let failure = service.event(event.clone()).await.unwrap_err();
        let text = failure.public_detail().unwrap_or_default();
        assert!(failure.code() == "EVENT_NOT_SERVED" && text.contains(words), "{event}: {text}");
        assert!(
            text.contains("sqs `jobs`") && text.contains("eventbridge `Order Placed from shop`"),
            "{text}"
        );
    }
    assert_eq!(seen.take(), Vec::<String>::new());
}

#[tokio::test]
async fn a_source_that_no_handler_is_for_is_told_with_the_variables_that_may_name_it() {
    #[lift::handler(sqs = "fulfilment")]
    async fn fulfil(_: Json<Value>) {}
    #[lift::handler(sqs = "returned-goods")]
    async fn take_back(_: Json<Value>) {}
    #[lift::handler(kinesis = "clicks")]
    async fn click(_: Json<Value>) {}
    let app = || App::new("test").handlers(lift::handlers![fulfil, take_back, click]).test();
    let told = async |host: lift::testing::TestHost, event: String| {
        let failure = host.start().await.unwrap().event(event).await.unwrap_err();
        assert_eq!(failure.code(), "EVENT_NOT_SERVED");
        failure.public_detail().unwrap_or_default().to_owned()
    };
    let both = "LIFT_TRIGGER_FULFILMENT or LIFT_TRIGGER_RETURNED_GOODS=orders-live";
    let queue = || sqs_from("arn:aws:sqs:eu-central-1:123456789012:orders-live", &[("1", json!("a"))]);
    let text = told(app(), queue()).await;
    assert!(text.contains(both) && !text.contains("CLICKS"), "{text}");
    // One that names another queue is a candidate still.
    let text = told(app().var("LIFT_TRIGGER_FULFILMENT", "orders-test"), queue()).await;
    assert!(text.contains(both), "{text}");
    let text = told(app().var("LIFT_TRIGGER_CLICKS", "clicks-live"), kinesis(&[("k", "a")])).await;
    assert!(text.contains("LIFT_TRIGGER_CLICKS=clicks") && !text.contains(" or LIFT"), "{text}");
    let text = told(app(), json!({"Records": [{"eventSource": "aws:ses"}]}).to_string()).await;
    assert!(!text.contains("LIFT_TRIGGER"), "{text}");
}

#[test]
fn a_source_is_named_by_its_name_or_arn_and_not_by_a_url() {
    #[lift::handler(sqs = "fulfilment")]
    async fn fulfil(_: Json<Value>) {}
    let check = |value: &str| {
        let host = App::new("test").handlers(lift::handlers![fulfil]).test();
        host.var("LIFT_TRIGGER_FULFILMENT", value).check().map_err(|faults| faults.to_string())
    };
    for good in ["orders-live", "orders.fifo", "arn:aws:sqs:eu-central-1:123456789012:orders-live"] {
        assert_eq!(check(good), Ok(()), "{good}");
    }
    for bad in ["https://sqs.eu-central-1.amazonaws.com/123456789012/orders-live", "orders live"] {
        let told = check(bad).unwrap_err();
        assert!(told.contains("LIFT_TRIGGER_FULFILMENT: ") && told.contains("a name or an ARN"), "{told}");
    }
}

#[tokio::test]
async fn events_that_are_not_well_formed_fail_as_a_whole() {
    let seen = Seen::default();
    let service = start(lift::handlers![partial, direct], &seen).await;
    let good = json!({"messageId": "1", "body": "\"a\"", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:x:1:jobs"});
    let with = |key: &str, value: Value| {
        let mut bad = good.clone();
        bad[key] = value;
        json!({"Records": [good, bad]}).to_string()
    };
    for (event, words) in [
        (json!({"Records": []}).to_string(), "a batch without records"),
        (with("messageId", Value::Null), "record 1 has no `messageId`"),
        (with("messageId", json!("")), "record 1 has no `messageId`"),
        (
            with("eventSourceARN", json!("arn:aws:sqs:x:1:other")),
            "record 1 comes from `arn:aws:sqs:x:1:other`",
        ),
        (with("eventSource", json!("aws:kinesis")), "record 1 is no SQS message"),
        (json!({"Records": [good, 7]}).to_string(), "a batch of records from `aws:sqs`"),
        ("{\"Records\": [".to_owned(), "not JSON"),
    ] {
        let failure = service.event(event.clone()).await.unwrap_err();
        let text = failure.public_detail().unwrap_or_default();
        assert!(failure.code() == "EVENT_NOT_VALID" && text.contains(words), "{event}: {failure:?}");
        assert_eq!(failure.origin(), Origin::Internal);
    }
    // A request is answered in the form of its source.
    let odd = json!({"httpMethod": "GET", "path": "/", "requestContext": {"stage": "a"}, "body": "%", "isBase64Encoded": true});
    let answer: Value = serde_json::from_slice(&service.event(odd.to_string()).await.unwrap()).unwrap();
    assert_eq!(
        (answer["statusCode"].as_u64(), answer.get("multiValueHeaders").is_some()),
        (Some(400), true),
        "{answer}"
    );
    assert!(answer["body"].as_str().unwrap().contains("EVENT_NOT_VALID"), "{answer}");
    assert_eq!(seen.take(), Vec::<String>::new());
}

#[lift::handler(sqs = "jobs", partial)]
async fn together(batch: Batch<String>, seen: Shared<Seen>) -> Result<Failed, JobError> {
    let mut failed = Failed::none();
    for job in &batch {
        assert_eq!(job.record::<SqsMessage>().unwrap().message_id, job.id);
        match job.value.as_str() {
            "later" => failed.add(job),
            "never" => return Err(JobError::Never),
            other => seen.note(other),
        }
    }
    Ok(failed)
}

#[tokio::test]
async fn a_batch_can_be_taken_whole() {
    let seen = Seen::default();
    let service = start(lift::handlers![together], &seen).await;
    let text = |text: &str| ("g", json!(format!("{text:?}")));
    let bodies = [text("a"), ("g", json!("no json")), text("later"), ("g", Value::Null), text("b")];
    let answer = service.event(sqs_from("arn:aws:sqs:x:1:jobs", &bodies)).await.unwrap();
    assert_eq!(
        (returned(&answer), seen.take().join("")),
        (vec!["m1".into(), "m2".into(), "m3".into()], "ab".into())
    );
    let answer = service.event(sqs(&["a", "never", "b"])).await.unwrap();
    assert_eq!(returned(&answer), ["m0", "m1", "m2"]);
}

/// A layer may make a new response of an old one.
#[tokio::test]
async fn what_a_handler_has_named_as_failed_is_not_forgotten_by_a_layer() {
    let seen = Seen::default();
    let forgetful = tower::util::MapResponseLayer::new(|mut response: lift::handler::Response| {
        response.extensions_mut().clear();
        response
    });
    let app = App::new("records").provide(seen.clone()).handlers(lift::handlers![together].layer(forgetful));
    let service = app.test().start().await.unwrap();
    assert_eq!(returned(&service.event(sqs(&["a", "later"])).await.unwrap()), ["m0", "m1"]);
    assert_eq!(returned(&service.event(sqs(&["a", "b"])).await.unwrap()), [""; 0]);
}

#[tokio::test]
async fn a_whole_batch_of_a_fifo_queue_keeps_the_order_of_each_group() {
    let seen = Seen::default();
    let service = start(lift::handlers![together], &seen).await;
    let text = |group, text: &str| (group, json!(format!("{text:?}")));
    let fifo = "arn:aws:sqs:x:1:jobs.fifo";
    // Behind one that cannot be read nothing of its group is handed out.
    for broken in [json!("no json"), Value::Null] {
        let bodies = [text("a", "a1"), ("a", broken), text("a", "a3"), text("b", "b1")];
        let answer = service.event(sqs_from(fifo, &bodies)).await.unwrap();
        assert_eq!(
            (returned(&answer), seen.take().join("")),
            (vec!["m1".into(), "m2".into()], "a1b1".into())
        );
    }
    // Behind one that the handler names the group goes back, too.
    let bodies = [text("a", "a1"), text("a", "later"), text("b", "b1"), text("a", "a3")];
    let answer = service.event(sqs_from(fifo, &bodies)).await.unwrap();
    assert_eq!(returned(&answer), ["m1", "m3"]);
}

#[tokio::test(start_paused = true)]
async fn each_shard_has_its_own_first_failure() {
    let jobs = [("1", "a"), ("2", "later"), ("1", "b"), ("2", "c"), ("1", "later"), ("1", "d")];
    let mut batch: Value = serde_json::from_str(&kinesis(&jobs)).unwrap();
    for (record, (shard, _)) in batch["Records"].as_array_mut().unwrap().iter_mut().zip(jobs) {
        record["eventID"] = format!("shardId-{shard}:x").into();
    }
    let seen = Seen::default();
    // One after the other nothing behind the first failure is begun; by key each shard goes on by itself.
    for (handlers, first, done) in [
        (lift::handlers![by_shard], vec!["s1", "s2"], "a"),
        (lift::handlers![by_shard_and_key], vec!["s1", "s4"], "ab"),
    ] {
        let service = start(handlers, &seen).await;
        let answer = service.event(batch.to_string()).await.unwrap();
        assert_eq!(
            (returned(&answer), seen.take().join("")),
            (first.into_iter().map(String::from).collect(), done.to_owned())
        );
    }
}

#[lift::handler(kinesis = "clicks", partial)]
async fn by_shard(seen: Shared<Seen>, job: Json<String>) -> Result<(), JobError> {
    work(&job, &seen).await
}

#[lift::handler(kinesis = "clicks", partial, concurrency = 3)]
async fn by_shard_and_key(seen: Shared<Seen>, job: Json<String>) -> Result<(), JobError> {
    work(&job, &seen).await
}

#[lift::handler(sqs = "jobs", partial)]
async fn anywhere(
    context: Option<lift::event::RequestContext>,
    _object: Option<S3Object>,
    _job: Json<String>,
) {
    assert!(context.is_none());
}

#[tokio::test]
async fn a_request_context_is_an_option_where_no_request_is() {
    let service = start(lift::handlers![anywhere], &Seen::default()).await;
    // The message is no object of S3: an argument of the wrong source fails its record.
    assert_eq!(returned(&service.event(sqs(&["a"])).await.unwrap()), ["m0"]);
}

#[lift::handler(dynamodb = "orders", partial)]
async fn of_the_table(change: Change<Value>, seen: Shared<Seen>) {
    seen.note(change.record.table());
}

#[tokio::test]
async fn a_table_is_named_by_its_name_its_arn_or_its_streams() {
    let seen = Seen::default();
    let stream = "arn:aws:dynamodb:x:1:table/prod-orders/stream/2026-01-01T00:00:00.000";
    let event = json!({"Records": [{"eventSource": "aws:dynamodb", "eventName": "REMOVE", "eventSourceARN": stream,
        "dynamodb": {"Keys": {"id": {"S": "7"}}, "SequenceNumber": "9"}}]});
    for (name, served) in [
        ("prod-orders", true),
        ("arn:aws:dynamodb:x:1:table/prod-orders", true),
        (stream, true),
        ("arn:aws:dynamodb:x:1:table/prod", false),
        ("prod", false),
    ] {
        let app = App::new("tables").provide(seen.clone()).handlers(lift::handlers![of_the_table, direct]);
        let service = app.test().var("LIFT_TRIGGER_ORDERS", name).start().await.unwrap();
        assert_eq!(service.event(event.to_string()).await.is_ok(), served, "{name}");
        assert_eq!(seen.take().len(), usize::from(served));
    }
}

#[lift::handler(sqs = "other-jobs")]
async fn others(_job: Json<String>) {}

#[tokio::test]
async fn names_are_logical() {
    let seen = Seen::default();
    let app = || App::new("records").provide(seen.clone()).handlers(lift::handlers![partial, others]);
    // Elsewhere than on Lambda the name itself will do.
    let service = app().test().start().await.unwrap();
    assert_eq!(service.event(sqs(&["a"])).await.unwrap(), r#"{"batchItemFailures":[]}"#);
    let service = app().test().var("LIFT_TRIGGER_JOBS", "prod-jobs").start().await.unwrap();
    assert_eq!(service.event(sqs(&["a"])).await.unwrap_err().code(), "EVENT_NOT_SERVED");
    let renamed = sqs_from("arn:aws:sqs:x:1:prod-jobs", &[("g", json!("\"a\""))]);
    assert_eq!(service.event(renamed).await.unwrap(), r#"{"batchItemFailures":[]}"#);

    let on_lambda = || app().test().var("AWS_LAMBDA_FUNCTION_NAME", "f");
    let faults = on_lambda().check().unwrap_err().to_string();
    for variable in ["LIFT_TRIGGER_JOBS=…", "LIFT_TRIGGER_OTHER_JOBS=…"] {
        assert!(faults.contains(variable), "{faults}");
    }
    let named = on_lambda().var("LIFT_TRIGGER_JOBS", "a").var("LIFT_TRIGGER_OTHER_JOBS", "b");
    named.check().unwrap();
    let twins = on_lambda().var("LIFT_TRIGGER_JOBS", "a").var("LIFT_TRIGGER_OTHER_JOBS", "a");
    assert!(twins.check().unwrap_err().to_string().contains("both mean sqs `a`"));
}

#[lift::handler(sqs = "jobs")]
async fn all_or_nothing(seen: Shared<Seen>, milliseconds: Json<u64>) {
    tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
    seen.note("done");
}

#[tokio::test(start_paused = true)]
async fn without_partial_records_go_on_for_as_long_as_there_is_time() {
    let seen = Seen::default();
    let service = start(lift::handlers![all_or_nothing], &seen).await;
    let jobs = |count| {
        let bodies: Vec<_> = (0..count).map(|_| ("g", json!("92"))).collect();
        sqs_from("arn:aws:sqs:x:1:jobs", &bodies)
    };
    let answer = service.event_within(jobs(10), Duration::from_secs(1)).await;
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(seen.take().len(), 10);
    // The eleventh is begun, and cut off; then the whole batch comes again.
    assert!(service.event_within(jobs(11), Duration::from_secs(1)).await.is_err());
    assert_eq!(seen.take().len(), 10);
}

#[lift::handler(kinesis = "clicks", partial)]
async fn letters(batch: Batch<char>, seen: Shared<Seen>) {
    batch.iter().for_each(|item| seen.note(item.value.to_string()));
}

#[tokio::test]
async fn a_batch_of_a_stream_ends_at_a_record_that_cannot_be_read() {
    let seen = Seen::default();
    let service = start(lift::handlers![letters], &seen).await;
    let event = kinesis(&[("k1", "a"), ("k2", "no letter"), ("k3", "c")]);
    let answer = service.event(event).await.unwrap();
    assert_eq!((seen.take(), returned(&answer).len()), (vec!["a".to_owned()], 1));
}

#[lift::handler(dynamodb = "orders", partial)]
async fn piped_change(change: Change<Value>, seen: Shared<Seen>) -> Result<(), JobError> {
    let item = change.new.unwrap_or_default();
    seen.note(format!("{} {:?} {item}", change.record.table(), change.kind));
    if item == json!({"id": "bad"}) { Err(JobError::Later) } else { Ok(()) }
}

#[lift::handler(kinesis = "clicks", partial)]
async fn piped_click(record: KinesisRecord, seen: Shared<Seen>, body: String) -> Result<(), JobError> {
    seen.note(format!("{} {} {body}", record.partition_key, record.shard_id));
    work(&body, &seen).await
}

#[lift::handler(sqs = "jobs", partial)]
async fn piped_jobs(batch: Batch<String>, seen: Shared<Seen>) -> Failed {
    let mut failed = Failed::none();
    for item in &batch {
        let message: SqsMessage = item.record().unwrap();
        seen.note(format!("{} {}", message.message_id, item.value));
        if item.value == "bad" {
            failed.add(item);
        }
    }
    failed
}

/// A pipe sends its records as a list, with those of Kinesis flattened, and takes the `eventID` of a stream's record for its name.
#[tokio::test]
async fn the_records_of_a_pipe_are_the_batch_that_they_are() {
    let seen = Seen::default();
    let handlers = lift::handlers![piped_jobs, piped_click, piped_change, direct];
    let service = start(handlers, &seen).await;

    let message = |id: &str, body: &str| {
        json!({"messageId": id, "body": json!(body).to_string(), "eventSource": "aws:sqs", "awsRegion": "x",
            "eventSourceARN": "arn:aws:sqs:x:1:jobs", "attributes": {}, "messageAttributes": {}})
    };
    let queue = json!([message("m0", "a"), message("m1", "bad"), message("m2", "c")]);
    assert_eq!(returned(&service.event(queue.to_string()).await.unwrap()), ["m1"]);
    assert_eq!(seen.take(), ["m0 a", "m1 bad", "m2 c"]);

    let click = |number: u8, body: &str| {
        use base64::Engine;
        json!({"kinesisSchemaVersion": "1.0", "partitionKey": "k", "sequenceNumber": number.to_string(),
            "data": base64::prelude::BASE64_STANDARD.encode(body), "approximateArrivalTimestamp": 1545084650.987,
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-6:{number}"),
            "eventName": "aws:kinesis:record", "awsRegion": "x", "eventSourceARN": "arn:aws:kinesis:x:1:stream/clicks"})
    };
    let stream = json!([click(1, "a"), click(2, "later"), click(3, "c")]);
    assert_eq!(returned(&service.event(stream.to_string()).await.unwrap()), ["shardId-6:2"]);
    assert_eq!(seen.take(), ["k shardId-6 a", "a", "k shardId-6 later"]);

    let change = |number: u8, id: &str| {
        json!({"eventID": format!("e{number}"), "eventName": "INSERT", "eventSource": "aws:dynamodb",
            "eventSourceARN": "arn:aws:dynamodb:x:1:table/orders/stream/2026-01-01T00:00:00.000",
            "dynamodb": {"Keys": {"id": {"S": id}}, "NewImage": {"id": {"S": id}}, "SequenceNumber": "9"}})
    };
    let table = json!([change(1, "a"), change(2, "bad"), change(3, "c")]);
    assert_eq!(returned(&service.event(table.to_string()).await.unwrap()), ["e2"]);
    assert_eq!(seen.take(), [r#"orders Insert {"id":"a"}"#, r#"orders Insert {"id":"bad"}"#]);

    // One record alone is a list, too.
    assert_eq!(
        service.event(json!([message("m0", "a")]).to_string()).await.unwrap(),
        r#"{"batchItemFailures":[]}"#
    );
    seen.take();
    // What is wrong with one of them fails all, and what no handler takes is refused: nothing of it counts as done.
    for (wrong, code) in [
        (json!([message("m0", "a"), {"order": 7}]), "EVENT_NOT_VALID"),
        (json!([{"order": 7}, message("m0", "a")]), "EVENT_NOT_VALID"),
        (json!([message("m0", "a"), click(1, "a")]), "EVENT_NOT_VALID"),
        (json!([{"eventSource": "aws:sqs", "body": "a"}]), "EVENT_NOT_VALID"),
        (json!([{"eventSource": "aws:kafka", "topic": "t"}]), "EVENT_NOT_SERVED"),
        (json!([{"eventSource": "aws:rmq", "data": ""}]), "EVENT_NOT_SERVED"),
    ] {
        assert_eq!(service.event(wrong.to_string()).await.unwrap_err().code(), code, "{wrong}");
    }
    let only_direct = start(lift::handlers![direct], &seen).await;
    for event in [queue, stream, table] {
        assert_eq!(only_direct.event(event.to_string()).await.unwrap_err().code(), "EVENT_NOT_SERVED");
    }
    assert!(seen.take().is_empty());
    // Any other list is anybody's.
    for own in [json!([]), json!([1, "a"]), json!([{"eventSource": "mine"}])] {
        assert!(only_direct.event(own.to_string()).await.is_ok(), "{own}");
    }
}
