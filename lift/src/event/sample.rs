//! One event of each kind, for trying a service out.

#![allow(clippy::indexing_slicing)] // of JSON objects made here

use axum_core::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use serde_json::{Value, json};

use super::{HttpSource, RecordKind, gateway};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-central-1";

/// The names of HTTP sources on the command line.
pub(crate) const HTTP: [(&str, HttpSource); 4] = [
    ("http-api", HttpSource::HttpApi),
    ("function-url", HttpSource::FunctionUrl),
    ("rest-api", HttpSource::RestApi),
    ("load-balancer", HttpSource::LoadBalancer { multi_value: true }),
];

/// An HTTP request, as a source hands it on.
pub(crate) fn request(source: HttpSource, method: &Method, path: &str) -> Value {
    let request = Request::builder().method(method).uri(path).header(HOST, "api.example.com");
    let has_body = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE);
    let (request, body) = match has_body {
        true => (request.header(CONTENT_TYPE, "application/json"), &b"{}"[..]),
        false => (request, &b""[..]),
    };
    // A route of the service's own: it is a path.
    let head = request.body(Body::empty()).unwrap_or_default().into_parts().0;
    gateway::event(source, &head, body)
}

/// A message of a WebSocket API.
pub(crate) fn message(route_key: &str) -> Value {
    let head = Request::new(()).into_parts().0;
    let mut event = gateway::event(HttpSource::WebSocket, &head, b"{}");
    event["requestContext"]["routeKey"] = route_key.into();
    event["requestContext"]["eventType"] = match route_key {
        "$connect" => "CONNECT",
        "$disconnect" => "DISCONNECT",
        _ => "MESSAGE",
    }
    .into();
    event
}

/// An event with one record, from what is called `name`, by its name or ARN.
pub(crate) fn record(kind: RecordKind, name: &str) -> Value {
    let arn = |service: &str, resource: &str| match name.starts_with("arn:") {
        true => name.to_owned(),
        false => format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}{name}"),
    };
    let record = match kind {
        RecordKind::Sqs => json!({
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d", "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": "{}", "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767225600000"},
            "messageAttributes": {}, "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b", "eventSource": "aws:sqs",
            "eventSourceARN": arn("sqs", ""), "awsRegion": REGION,
        }),
        RecordKind::Sns => json!({
            "EventVersion": "1.0", "EventSource": "aws:sns", "EventSubscriptionArn": format!("{}:1", arn("sns", "")),
            "Sns": {"Type": "Notification", "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e", "TopicArn": arn("sns", ""),
                "Subject": null, "Message": "{}", "Timestamp": "2026-01-01T00:00:00.000Z", "MessageAttributes": {}},
        }),
        RecordKind::S3 => {
            let bucket = name.rsplit(':').next().unwrap_or(name);
            json!({
                "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": REGION, "eventTime": "2026-01-01T00:00:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket, "arn": format!("arn:aws:s3:::{bucket}")},
                    "object": {"key": "a+file.txt", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                        "sequencer": "0055AED6DCD90281E5"}},
            })
        }
        RecordKind::Kinesis => json!({
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "1", "data": BASE64_STANDARD.encode("{}"),
                "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "approximateArrivalTimestamp": 1_767_225_600.0},
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventName": "aws:kinesis:record", "awsRegion": REGION,
            "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
            "eventSourceARN": arn("kinesis", "stream/"),
        }),
        RecordKind::DynamoDb => json!({
            "eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": "INSERT", "eventVersion": "1.1",
            "eventSource": "aws:dynamodb", "awsRegion": REGION,
            "dynamodb": {"Keys": {"id": {"S": "1"}}, "NewImage": {"id": {"S": "1"}}, "SequenceNumber": "111",
                "SizeBytes": 26, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            "eventSourceARN": match name.starts_with("arn:") {
                true => name.to_owned(),
                false => format!("{}/stream/2026-01-01T00:00:00.000", arn("dynamodb", "table/")),
            },
        }),
        RecordKind::EventBridge | RecordKind::Schedule => {
            let mut event = event_bridge("aws.events", "Scheduled Event");
            event["resources"] = json!([arn("events", "rule/")]);
            return event;
        }
    };
    json!({"Records": [record]})
}

/// An event of an EventBridge bus.
pub(crate) fn event_bridge(source: &str, detail_type: &str) -> Value {
    json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": detail_type, "source": source,
        "account": ACCOUNT, "time": "2026-01-01T00:00:00Z", "region": REGION, "resources": [], "detail": {},
    })
}

/// The least that an `event` handler's matchers ask for.
pub(crate) fn matching(matches: &[(&str, Option<&str>)]) -> Value {
    let mut event = json!({});
    for (pointer, text) in matches {
        let mut place = &mut event;
        for name in pointer.split('/').skip(1) {
            let name = name.replace("~1", "/").replace("~0", "~");
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[name];
        }
        *place = text.unwrap_or("…").into();
    }
    event
}
