//! The sample events that `aws_lambda_events` ships with its source, read from there: those of lift's sources reach a
//! handler of their kind, and no other one is taken for one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use lift::event::{
    Change, EventBridgeEvent, KinesisRecord, RequestContext, S3Object, SnsNotification, SqsMessage,
};
use lift::extract::Request;
use lift::prelude::*;
use lift::testing::TestService;
use serde_json::Value;
use tests::binaries::repository;

/// What was called.
#[derive(Clone, Default)]
struct Called(Arc<Mutex<Vec<&'static str>>>);

impl Called {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }
}

macro_rules! http {
    ($($name:ident $method:ident $path:literal $($rest:ident)?;)*) => {$(
        #[lift::handler($method, $path)]
        async fn $name($($rest: String,)? context: RequestContext, called: Shared<Called>, request: Request) -> String {
            $(assert!(request.uri().path().ends_with(&$rest));)?
            assert!(context.stage.is_some() || context.source_ip.is_none());
            called.note("http");
            request.uri().to_string()
        }
    )*};
}

http! {
    get_root GET "/";
    get_any GET "/{*rest}" rest;
    post_root POST "/";
    post_any POST "/{*rest}" rest;
    put_any PUT "/{*rest}" rest;
}

#[lift::handler(sqs = "queue")]
async fn sqs(message: SqsMessage, called: Shared<Called>, _body: String) {
    assert!(!message.message_id.is_empty() && message.receive_count() > 0);
    called.note("sqs");
}

#[lift::handler(sns = "topic")]
async fn sns(notification: SnsNotification, called: Shared<Called>, _body: String) {
    assert!(!notification.message_id.is_empty());
    called.note("sns");
}

#[lift::handler(s3 = "bucket")]
async fn s3(object: S3Object, called: Shared<Called>) {
    assert!(!object.bucket.is_empty() && !object.key.is_empty());
    called.note("s3");
}

#[lift::handler(kinesis = "stream")]
async fn kinesis(record: KinesisRecord, called: Shared<Called>) {
    assert!(record.shard_id.starts_with("shardId-") && !record.sequence_number.is_empty());
    called.note("kinesis");
}

#[lift::handler(dynamodb = "table")]
async fn dynamodb(change: Change<Value>, called: Shared<Called>) {
    assert!(!change.record.event_id.is_empty());
    called.note("dynamodb");
}

#[lift::handler(schedule = "rule")]
async fn schedule(event: EventBridgeEvent, called: Shared<Called>) {
    assert_eq!(event.detail_type, "Scheduled Event");
    called.note("schedule");
}

macro_rules! any_source {
    ($($name:ident $source:literal;)*) => {$(
        #[lift::handler(eventbridge(source = $source))]
        async fn $name(event: EventBridgeEvent, called: Shared<Called>) {
            assert_eq!(event.source, $source);
            called.note("eventbridge");
        }
    )*};
}

any_source! {
    autoscaling "aws.autoscaling";
    codebuild "aws.codebuild";
    codedeploy "aws.codedeploy";
    codepipeline "aws.codepipeline";
    ecr "aws.ecr";
    ec2 "aws.ec2";
}

#[lift::handler(ws = "$default")]
async fn message(context: RequestContext, called: Shared<Called>) {
    assert!(context.connection_id.is_some());
    called.note("ws");
}

#[lift::handler(ws = "$connect")]
async fn connect(called: Shared<Called>) {
    called.note("ws");
}

#[lift::handler(ws = "$disconnect")]
async fn disconnect(called: Shared<Called>) {
    called.note("ws");
}

#[lift::handler(invoke = "other")]
async fn other(called: Shared<Called>) {
    called.note("invoke");
}

async fn service(called: &Called) -> TestService {
    let handlers = lift::handlers![
        get_root,
        get_any,
        post_root,
        post_any,
        put_any,
        sqs,
        sns,
        s3,
        kinesis,
        dynamodb,
        schedule,
        autoscaling,
        codebuild,
        codedeploy,
        codepipeline,
        ecr,
        ec2,
        message,
        connect,
        disconnect,
        other
    ];
    App::new("samples").provide(called.clone()).handlers(handlers).test().start().await.unwrap()
}

/// The folder of the samples, where cargo keeps the crate's source.
fn samples() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(repository())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&metadata.stderr)));
    let package = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["name"] == "aws_lambda_events");
    let manifest = PathBuf::from(package.unwrap()["manifest_path"].as_str().unwrap());
    manifest.with_file_name("src/fixtures")
}

/// What calls a handler, by the beginning of a sample's name; the first that fits.
const SOURCES: [(&str, &str); 27] = [
    // Answers, and questions of authorizers, which are direct invokes.
    ("alb-lambda-target-response", ""),
    ("apigw-response", ""),
    ("apigw-custom-auth", ""),
    ("apigw-v2-custom-authorizer", ""),
    ("apigw-websocket", "ws"),
    ("apigw", "http"),
    ("alb", "http"),
    // One record without its event.
    ("dynamodb-event-record", ""),
    ("dynamodb-event", "dynamodb"),
    ("eventbridge-schedule", "schedule"),
    ("eventbridge", "eventbridge"),
    ("autoscaling", "eventbridge"),
    ("codebuild", "eventbridge"),
    // Events of CodeDeploy itself and of CloudTrail, without their envelopes.
    ("codedeploy-lifecycle", ""),
    ("codedeploy", "eventbridge"),
    ("codepipeline-", "eventbridge"),
    ("controltower", ""),
    ("ecr-image-scan", "eventbridge"),
    ("cloudwatch-cloudtrail", ""),
    ("kinesis-event", "kinesis"),
    ("s3-event", "s3"),
    ("sns-event", "sns"),
    ("sqs-event", "sqs"),
    ("cloudwatch-alarm-sns", "sns"),
    ("ses-sns-event", ""),
    ("sns-", ""),
    ("", ""),
];

#[tokio::test]
async fn every_sample_of_a_source_reaches_its_handler_and_no_other_one_does() {
    let called = Called::default();
    let service = service(&called).await;
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut files: Vec<_> = fs::read_dir(samples()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let name = path.file_stem().unwrap().to_str().unwrap().trim_start_matches("example-");
        let (_, source) = SOURCES.into_iter().find(|(start, _)| name.starts_with(start)).unwrap();
        let event = fs::read(path).unwrap();
        let json: Value = serde_json::from_slice(&event).unwrap();
        let source_of = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        // One record alone is no event.
        let of_a_broker = json.get("dynamodb").is_none()
            && ["/eventSource", "/Records/0/eventSource"]
                .iter()
                .any(|place| source_of(place).starts_with("aws:") || source_of(place) == "SelfManagedKafka");
        let answer = service.event(event).await;
        let reached = std::mem::take(&mut *called.0.lock().unwrap());
        let is_right = match (source, &answer) {
            // A broker takes an answer for done, so a direct invoke must not see its records.
            ("", Err(failure)) if of_a_broker => reached.is_empty() && failure.code() == "EVENT_NOT_SERVED",
            ("", _) if of_a_broker => false,
            // Other JSON is a direct invoke.
            ("", _) => matches!(reached.as_slice(), [] | ["invoke"]),
            ("http", Ok(answer)) => {
                let answer: Value = serde_json::from_slice(answer).unwrap();
                reached == ["http"] && answer["statusCode"] == 200
            }
            (_, Ok(_)) => !reached.is_empty() && reached.iter().all(|reached| *reached == source),
            (_, Err(_)) => false,
        };
        if !is_right {
            wrong.push(format!("{name}: {reached:?} instead of `{source}`: {answer:?}"));
        }
        seen.insert(source);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all = ["", "dynamodb", "eventbridge", "http", "kinesis", "s3", "schedule", "sns", "sqs", "ws"];
    assert_eq!(seen, BTreeSet::from(all), "from {} files", files.len());
}
