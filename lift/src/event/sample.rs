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

/// An HTTP request, as a source hands it on. Without a body it has an empty object where its method has one.
pub(crate) fn request(source: HttpSource, method: &Method, path: &str, body: Option<&[u8]>) -> Value {
    let request = Request::builder().method(method).uri(path).header(HOST, "api.example.com");
    let has_none = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE);
    let (request, body) = match body {
        Some(body) => (request.header(CONTENT_TYPE, content_type(body)), body),
        None if has_none => (request, &b""[..]),
        None => (request.header(CONTENT_TYPE, "application/json"), &b"{}"[..]),
    };
    // A route of the service's own: it is a path.
    let head = request.body(Body::empty()).unwrap_or_default().into_parts().0;
    gateway::event(source, &head, body)
}

fn content_type(body: &[u8]) -> &'static str {
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
        "application/json"
    } else if std::str::from_utf8(body).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
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

/// An event of a stream as the first one of a tumbling window.
pub(crate) fn in_window(mut event: Value) -> Value {
    event["eventSourceARN"] = event["Records"][0]["eventSourceARN"].clone();
    event["window"] = json!({"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:01:00Z"});
    event["state"] = json!({});
    event["shardId"] = "shardId-000000000006".into();
    event["isFinalInvokeForWindow"] = false.into();
    event["isWindowTerminatedEarly"] = false.into();
    event
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::BodyExt;

    use super::*;
    use crate::event::{Decoded, Records, decode};

    const KINDS: [RecordKind; 6] = [
        RecordKind::Sqs,
        RecordKind::Sns,
        RecordKind::S3,
        RecordKind::Kinesis,
        RecordKind::DynamoDb,
        RecordKind::Schedule,
    ];

    fn with_records<T>(event: &Value, look: impl FnOnce(&Records<'_>) -> T) -> T {
        match decode(&Bytes::from(event.to_string())) {
            Decoded::Records(records) => look(&records),
            _ => panic!("{event} is no batch of records"),
        }
    }

    #[tokio::test]
    async fn a_sample_request_is_one_of_its_source_with_a_body_where_a_method_has_one() {
        for (name, expected) in HTTP {
            for method in
                [Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE, Method::POST, Method::PUT]
            {
                let event = Bytes::from(request(expected, &method, "/orders/7", None).to_string());
                let Decoded::Http(request, source) = decode(&event) else { panic!("{name}") };
                assert_eq!((source, request.method()), (expected, &method), "{name}");
                assert_eq!(request.uri().path(), "/orders/7", "{name}");
                let has_body = matches!(method, Method::POST | Method::PUT);
                let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
                assert_eq!(kind.as_deref(), has_body.then_some("application/json"), "{name} {method}");
                let body = request.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(body, if has_body { "{}" } else { "" }, "{name} {method}");
            }
        }
    }

    #[test]
    fn a_sample_request_has_the_body_that_it_is_given() {
        for (body, kind) in [
            (&b"{\"a\": 1}"[..], "application/json"),
            (b"a: 1", "text/plain; charset=utf-8"),
            (b"\xff\xfe", "application/octet-stream"),
        ] {
            for (name, source) in HTTP {
                let event = Bytes::from(request(source, &Method::GET, "/", Some(body)).to_string());
                let Decoded::Http(request, _) = decode(&event) else { panic!("{name}") };
                assert_eq!(request.headers()[CONTENT_TYPE], kind, "{name}");
                let read =
                    futures_util::FutureExt::now_or_never(request.into_body().collect()).unwrap().unwrap();
                assert_eq!(read.to_bytes(), body, "{name}");
            }
        }
    }

    #[test]
    fn a_sample_message_says_what_happened_to_its_connection() {
        for (route_key, kind) in [
            ("$connect", "CONNECT"),
            ("$disconnect", "DISCONNECT"),
            ("$default", "MESSAGE"),
            ("x", "MESSAGE"),
        ] {
            let event = message(route_key);
            assert_eq!(event["requestContext"]["eventType"], kind);
            let event = Bytes::from(event.to_string());
            let Decoded::WebSocket(_, read) = decode(&event) else { panic!("{route_key}") };
            assert_eq!(read, route_key);
        }
    }

    #[test]
    fn a_sample_record_comes_from_where_it_was_asked_to() {
        for kind in KINDS {
            let arn = with_records(&record(kind, "orders"), |records| {
                assert_eq!((records.kind, kind.name_in(&records.arn)), (kind, "orders"));
                assert_eq!(records.items.len(), 1);
                // S3's records have no id.
                assert_eq!(records.items[0].id.is_empty(), kind == RecordKind::S3, "{kind}");
                records.arn.to_string()
            });
            if !matches!(kind, RecordKind::S3 | RecordKind::Schedule) {
                let again = with_records(&record(kind, &arn), |records| records.arn.to_string());
                assert_eq!(again, arn, "{kind}");
            }
        }
    }

    #[test]
    fn records_are_described_by_their_kind_and_name() {
        for (kind, words) in [
            (RecordKind::Sqs, "a batch of records from `aws:sqs`, of `orders`"),
            (RecordKind::Kinesis, "a batch of records from `aws:kinesis`, of `orders`"),
            (RecordKind::Schedule, "the EventBridge schedule `orders`"),
        ] {
            assert_eq!(with_records(&record(kind, "orders"), |records| records.describe()), words);
        }
        let mut nameless = record(RecordKind::Schedule, "orders");
        nameless["resources"] = json!([]);
        assert_eq!(
            with_records(&nameless, |records| records.describe()),
            "an EventBridge schedule without its ARN"
        );
        let words = "an EventBridge event of type `Order Placed` from `shop`";
        assert_eq!(with_records(&event_bridge("shop", "Order Placed"), |records| records.describe()), words);
    }

    #[test]
    fn only_a_schedules_detail_is_json_in_a_text() {
        let body = |event: &Value| with_records(event, |records| records.items[0].body.clone().unwrap());
        let mut schedule = record(RecordKind::Schedule, "nightly");
        let mut event = event_bridge("shop", "Order Placed");
        for (detail, of_a_schedule, of_an_event) in [
            (json!("{\"a\":1}"), "{\"a\":1}", r#""{\"a\":1}""#),
            (json!({"a": 1}), "{\"a\":1}", "{\"a\":1}"),
            (Value::Null, "null", "null"),
        ] {
            schedule["detail"] = detail.clone();
            event["detail"] = detail;
            assert_eq!(
                (&*body(&schedule), &*body(&event)),
                (of_a_schedule.as_bytes(), of_an_event.as_bytes())
            );
        }
    }

    #[test]
    fn a_notification_without_its_topic_comes_from_its_subscription() {
        let mut event = record(RecordKind::Sns, "orders");
        event["Records"][0]["Sns"].as_object_mut().unwrap().remove("TopicArn");
        let arn = with_records(&event, |records| records.arn.to_string());
        assert_eq!(arn, "arn:aws:sns:eu-central-1:123456789012:orders:1");
    }

    #[test]
    fn a_sample_of_a_window_is_one_of_its_stream() {
        for kind in [RecordKind::Kinesis, RecordKind::DynamoDb] {
            let event = in_window(record(kind, "orders"));
            with_records(&event, |records| {
                assert_eq!((records.kind, records.is_window, records.items.len()), (kind, true, 1));
                assert_eq!(event["eventSourceARN"], *records.arn);
            });
        }
    }

    #[test]
    fn a_sample_for_matchers_has_what_they_ask_for_and_nothing_else() {
        let event = matching(&[("/detail/kind", Some("a")), ("/detail/id", None), ("/a~1b/c~0d", Some("x"))]);
        assert_eq!(event, json!({"detail": {"kind": "a", "id": "…"}, "a/b": {"c~d": "x"}}));
        assert_eq!(matching(&[("/a", Some("x")), ("/a/b", Some("y"))]), json!({"a": {"b": "y"}}));
        assert_eq!(matching(&[]), json!({}));
    }
}
