//! A service with a handler for everything, and which of the sample events reach which of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use lift::event::{
    Change, EventBridgeEvent, KinesisRecord, RequestContext, S3Object, SnsNotification, SqsMessage,
};
use lift::extract::Request;
use lift::prelude::*;
use lift::testing::TestService;
use serde_json::Value;

use crate::samples::{self, Sample};

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
            $(assert!(request.uri().path().ends_with(&$rest.replace(' ', "%20")));)?
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
    delete_any DELETE "/{*rest}" rest;
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
        delete_any,
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

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// It reaches a handler of this kind, and no other one.
    Served(&'static str),
    /// It is an event of AWS that lift does not serve, so no handler sees it; what the error calls it.
    Refused(&'static str),
    /// It is no event of AWS: an answer, a part of an event, or JSON of the caller's own.
    Direct,
}

use Class::{Direct, Refused, Served};

/// The class of each sample, by the beginning of its name; the first that fits.
const CLASSES: &[(&str, Class)] = &[
    ("aws_lambda_events/alb-lambda-target-response", Direct),
    ("aws_lambda_events/alb", Served("http")),
    ("aws_lambda_events/apigw-custom-auth-request", Refused("API Gateway authorizer")),
    ("aws_lambda_events/apigw-custom-auth-response", Direct),
    ("aws_lambda_events/apigw-response", Direct),
    ("aws_lambda_events/apigw-v2-custom-authorizer", Refused("API Gateway authorizer")),
    ("aws_lambda_events/apigw-websocket", Served("ws")),
    ("aws_lambda_events/apigw", Served("http")),
    ("aws_lambda_events/activemq", Refused("aws:mq")),
    ("aws_lambda_events/appsync-direct-resolver", Refused("AppSync")),
    ("aws_lambda_events/appsync-lambda-auth-request", Refused("AppSync authorizer")),
    // Mapping templates and their parts, an answer.
    ("aws_lambda_events/appsync", Direct),
    ("aws_lambda_events/autoscaling", Served("eventbridge")),
    ("aws_lambda_events/bedrock-agent", Refused("Bedrock agent")),
    ("aws_lambda_events/clientvpn", Refused("Client VPN")),
    ("aws_lambda_events/cloudformation-custom-resource-response", Direct),
    ("aws_lambda_events/cloudformation-custom-resource-provider-response", Direct),
    ("aws_lambda_events/cloudformation", Refused("CloudFormation")),
    // EventBridge's, which no handler here takes.
    (
        "aws_lambda_events/cloudwatch-alarm-composite-with-suppressor",
        Refused("CloudWatch Alarm State Change"),
    ),
    ("aws_lambda_events/cloudwatch-alarm-sns", Served("sns")),
    ("aws_lambda_events/cloudwatch-alarm", Refused("alarm of CloudWatch")),
    ("aws_lambda_events/cloudwatch-cloudtrail", Refused("CloudTrail")),
    ("aws_lambda_events/cloudwatch_logs", Refused("CloudWatch Logs")),
    ("aws_lambda_events/code_commit", Refused("aws:codecommit")),
    ("aws_lambda_events/codebuild", Served("eventbridge")),
    ("aws_lambda_events/codedeploy-lifecycle", Refused("CodeDeploy")),
    ("aws_lambda_events/codedeploy", Served("eventbridge")),
    ("aws_lambda_events/codepipeline-", Served("eventbridge")),
    ("aws_lambda_events/codepipeline_job", Refused("CodePipeline")),
    ("aws_lambda_events/cognito-event-userpools", Refused("Cognito user pool")),
    ("aws_lambda_events/cognito-event", Refused("Cognito Sync")),
    ("aws_lambda_events/config", Refused("AWS Config")),
    ("aws_lambda_events/connect", Refused("Amazon Connect")),
    ("aws_lambda_events/controltower", Refused("CloudTrail")),
    ("aws_lambda_events/documentdb", Refused("aws:docdb")),
    // One record without its event.
    ("aws_lambda_events/dynamodb-event-record", Refused("aws:dynamodb")),
    ("aws_lambda_events/dynamodb", Served("dynamodb")),
    ("aws_lambda_events/ecr-image-scan", Served("eventbridge")),
    ("aws_lambda_events/eventbridge-schedule", Served("schedule")),
    ("aws_lambda_events/eventbridge", Served("eventbridge")),
    ("aws_lambda_events/firehose", Refused("Firehose")),
    ("aws_lambda_events/iot-custom-auth-request", Refused("IoT authorizer")),
    ("aws_lambda_events/iot-custom-auth-response", Direct),
    ("aws_lambda_events/iot_1_click", Refused("IoT 1-Click")),
    ("aws_lambda_events/iot_button", Refused("IoT button")),
    ("aws_lambda_events/kafka", Refused("aws:kafka")),
    ("aws_lambda_events/kinesis-event", Served("kinesis")),
    ("aws_lambda_events/kinesis-firehose-event", Refused("Firehose")),
    ("aws_lambda_events/kinesis-firehose-response", Direct),
    ("aws_lambda_events/lex-event", Refused("Lex")),
    ("aws_lambda_events/lex-response", Direct),
    ("aws_lambda_events/rabbitmq", Refused("aws:rmq")),
    ("aws_lambda_events/s3-event", Served("s3")),
    ("aws_lambda_events/s3-object-lambda", Refused("S3 Object Lambda")),
    ("aws_lambda_events/secretsmanager", Refused("Secrets Manager")),
    ("aws_lambda_events/ses", Refused("aws:ses")),
    ("aws_lambda_events/sns-event", Served("sns")),
    // What SNS sends to HTTP endpoints.
    ("aws_lambda_events/sns-", Refused("SNS has signed")),
    // Answers, of SQS's own API and to an event.
    ("aws_lambda_events/sqs-api-event", Direct),
    ("aws_lambda_events/sqs-batch-response", Direct),
    ("aws_lambda_events/sqs-event", Served("sqs")),
    ("aws_lambda_events/vpc-lattice-response", Direct),
    ("aws_lambda_events/vpc-lattice", Refused("VPC Lattice")),
    ("event-mocks/alexa-skill", Refused("Alexa skill")),
    ("event-mocks/alexa-smart-home", Refused("Alexa smart home")),
    ("event-mocks/api-gateway", Served("http")),
    ("event-mocks/cloud-watch-log", Refused("CloudWatch Logs")),
    ("event-mocks/cloud-watch-event", Served("eventbridge")),
    ("event-mocks/cognito-user-pool", Refused("Cognito user pool")),
    ("event-mocks/dynamo", Served("dynamodb")),
    ("event-mocks/kinesis", Served("kinesis")),
    ("event-mocks/s3", Served("s3")),
    ("event-mocks/scheduled", Served("schedule")),
    ("event-mocks/sns", Served("sns")),
    ("event-mocks/sqs", Served("sqs")),
    ("lambda_http/vpc_lattice", Refused("VPC Lattice")),
    ("lambda_http/", Served("http")),
    ("sam/alb/", Served("http")),
    ("sam/alexa-skills-kit/", Refused("Alexa skill")),
    ("sam/alexa-smart-home/", Refused("Alexa smart home")),
    ("sam/apigateway/ApiGateway", Refused("API Gateway authorizer")),
    ("sam/apigateway/", Served("http")),
    ("sam/appsync/", Refused("AppSync")),
    // Questions to Batch, and what Step Functions pass on.
    ("sam/batch/", Direct),
    ("sam/cloudformation/", Refused("CloudFormation")),
    ("sam/cloudfront/", Refused("CloudFront")),
    ("sam/cloudwatch/CloudwatchLogs", Refused("CloudWatch Logs")),
    ("sam/cloudwatch/ScheduledEvent", Served("schedule")),
    ("sam/codecommit/", Refused("aws:codecommit")),
    ("sam/codepipeline/", Refused("CodePipeline")),
    ("sam/cognito/", Refused("Cognito Sync")),
    ("sam/config/", Refused("AWS Config")),
    ("sam/connect/", Refused("Amazon Connect")),
    ("sam/dynamodb/", Served("dynamodb")),
    ("sam/kinesis/KinesisAnalytics", Refused("Kinesis Data Analytics")),
    ("sam/kinesis/KinesisFirehose", Refused("Firehose")),
    ("sam/kinesis/", Served("kinesis")),
    ("sam/lex", Refused("Lex")),
    ("sam/rekognition/", Served("s3")),
    ("sam/s3/S3Batch", Refused("S3 Batch")),
    ("sam/s3/", Served("s3")),
    ("sam/sagemaker/", Refused("SageMaker")),
    ("sam/ses/", Refused("aws:ses")),
    ("sam/sns/", Served("sns")),
    ("sam/sqs/", Served("sqs")),
    ("sam/stepfunctions/", Direct),
    ("sam/workmail/", Refused("WorkMail")),
];

#[tokio::test]
async fn every_sample_reaches_its_handler_or_no_other_one() {
    let called = Called::default();
    let service = service(&called).await;
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for Sample { name, event } in samples::all() {
        let Some(rule) = CLASSES.iter().position(|(start, _)| name.starts_with(start)) else {
            wrong.push(format!("{name} has no class"));
            continue;
        };
        seen.insert(rule);
        let class = CLASSES[rule].1;
        let answer = service.event(event.to_string()).await;
        let reached = std::mem::take(&mut *called.0.lock().unwrap());
        let is_right = match (class, &answer) {
            (Refused(words), Err(failure)) => {
                let told = failure.public_detail().unwrap_or_default();
                reached.is_empty() && failure.code() == "EVENT_NOT_SERVED" && told.contains(words)
            }
            (Direct, Ok(_)) => reached == ["invoke"],
            (Served("http"), Ok(answer)) => {
                let answer: Value = serde_json::from_slice(answer).unwrap();
                reached == ["http"] && answer["statusCode"] == 200
            }
            (Served(kind), Ok(_)) => !reached.is_empty() && reached.iter().all(|reached| *reached == kind),
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{name}: {reached:?} instead of {class:?}: {answer:?}"));
        }
    }
    let unused = (0..CLASSES.len()).filter(|rule| !seen.contains(rule));
    wrong.extend(unused.map(|rule| format!("no sample is called `{}…`", CLASSES[rule].0)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
