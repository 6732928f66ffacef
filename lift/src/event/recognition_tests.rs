//! What an event is told by.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::sample::{event_bridge, record, request};
use super::{Decoded, HttpSource, RecordKind, decode};

/// The path that a handler sees.
fn path(event: &Value) -> String {
    match decode(&Bytes::from(event.to_string())) {
        Decoded::Http(request, _) => request.uri().path().to_owned(),
        _ => panic!("{event} is no HTTP request"),
    }
}

/// The paths that each source makes of one that a client has sent; escapes are checked against captured events in
/// `tests/events`.
#[test]
fn a_percent_sign_of_an_http_api_is_no_escape() {
    let paths = [
        ("/files/100%", "/files/100%25"),
        ("/files/a%20b", "/files/a%2520b"),
        ("/files/a b?c#d", "/files/a%20b%3Fc%23d"),
        ("/files/\u{3bb}\"<>\\^`{|}\n", "/files/%CE%BB%22%3C%3E%5C%5E%60%7B%7C%7D%0A"),
        ("/files/a/b", "/files/a/b"),
    ];
    for (arrives, expected) in paths {
        let mut event = request(HttpSource::HttpApi, &Method::GET, "/", None);
        event["rawPath"] = arrives.into();
        assert_eq!(path(&event), expected, "payload 2.0");
        let mut event = request(HttpSource::RestApi, &Method::GET, "/", None);
        event["path"] = arrives.into();
        event["version"] = "1.0".into();
        assert_eq!(path(&event), expected, "payload 1.0");
    }
    for source in
        [HttpSource::RestApi, HttpSource::FunctionUrl, HttpSource::LoadBalancer { multi_value: true }]
    {
        let event = request(source, &Method::GET, "/files/100%25/a%2Fb%20c", None);
        assert_eq!(path(&event), "/files/100%25/a%2Fb%20c", "{source:?}");
    }
}

#[test]
fn an_emulated_function_url_keeps_its_escapes() {
    let mut event = request(HttpSource::HttpApi, &Method::GET, "/", None);
    event["rawPath"] = "/files/a%2Fb".into();
    event["requestContext"]["domainName"] = "localhost".into();
    // SAM emulates an HTTP API, which has an id.
    assert_eq!(path(&event), "/files/a%252Fb");
    event["requestContext"]["apiId"] = Value::Null;
    assert_eq!(path(&event), "/files/a%2Fb");
}

#[test]
fn only_an_http_api_under_its_own_name_has_a_stage_in_its_path() {
    let own_name = "abcdefgh.execute-api.eu-central-1.amazonaws.com";
    for (domain, expected) in [(own_name, "/orders"), ("shop.example.com", "/prod/orders")] {
        let mut event = request(HttpSource::HttpApi, &Method::GET, "/", None);
        event["rawPath"] = "/prod/orders".into();
        event["requestContext"]["domainName"] = domain.into();
        assert_eq!(path(&event), expected, "payload 2.0 at {domain}");

        let mut event = request(HttpSource::RestApi, &Method::GET, "/prod/orders", None);
        event["requestContext"]["domainName"] = domain.into();
        assert_eq!(path(&event), "/prod/orders", "a REST API at {domain}");
        event["version"] = "1.0".into();
        assert_eq!(path(&event), expected, "payload 1.0 at {domain}");
    }
}

#[test]
fn what_asks_an_authorizer_is_no_request() {
    for key in ["methodArn", "routeArn"] {
        for source in [HttpSource::RestApi, HttpSource::HttpApi] {
            let mut event = request(source, &Method::GET, "/orders", None);
            event[key] = "arn:aws:execute-api:eu-central-1:123456789012:abcdefgh/prod/GET/orders".into();
            let bytes = Bytes::from(event.to_string());
            let Decoded::Foreign(words) = decode(&bytes) else { panic!("{event}") };
            assert_eq!(words, "a question of an API Gateway authorizer");
        }
    }
}

#[test]
fn a_schedule_is_told_by_its_source_and_by_its_type() {
    for (source, detail_type, expected) in [
        ("aws.events", "Scheduled Event", RecordKind::Schedule),
        ("aws.scheduler", "Scheduled Event", RecordKind::Schedule),
        ("aws.events", "Order Placed", RecordKind::EventBridge),
        ("shop", "Scheduled Event", RecordKind::EventBridge),
    ] {
        let event = Bytes::from(event_bridge(source, detail_type).to_string());
        let Decoded::Records(records) = decode(&event) else { panic!("{source} {detail_type}") };
        assert_eq!(records.kind, expected, "{source} {detail_type}");
        assert_eq!((&*records.source, &*records.detail_type), (source, detail_type));
    }
}

#[test]
fn an_event_source_of_ones_own_is_no_broker() {
    let event = Bytes::from(json!({"eventSource": "shop", "records": {}}).to_string());
    assert!(matches!(decode(&event), Decoded::Other));
}

/// What stands for half of a surrogate pair in an event, as long as that is a [`Value`].
const HALF: &str = "HALF OF A PAIR";

fn halved(event: &Value) -> Bytes {
    let mut text = event.to_string().replace(HALF, "a\\ud800b");
    assert!(text.contains("\\ud800"), "{text}");
    // Where the method comes first, as AWS writes it, headers are read only when they are needed.
    if event["httpMethod"].is_string() {
        text = text.replacen('{', "{\"httpMethod\":\"GET\",", 1);
    }
    text.into()
}

#[test]
fn half_of_a_surrogate_pair_is_told_wherever_in_a_request_it_is() {
    let once = json!({"x-half": HALF});
    let many = json!({"x-half": ["whole", HALF]});
    let named = json!({HALF: "1"});
    let apis = [HttpSource::HttpApi, HttpSource::FunctionUrl];
    let older = [
        HttpSource::RestApi,
        HttpSource::LoadBalancer { multi_value: true },
        HttpSource::LoadBalancer { multi_value: false },
    ];
    let of_apis: &[(&str, Value)] = &[
        ("rawPath", format!("/{HALF}").into()),
        ("rawQueryString", HALF.into()),
        ("cookies", json!(["a=1", HALF])),
        ("headers", once.clone()),
        ("headers", named.clone()),
        ("body", HALF.into()),
    ];
    let of_older: &[(&str, Value)] = &[
        ("path", format!("/{HALF}").into()),
        ("queryStringParameters", once.clone()),
        ("queryStringParameters", named.clone()),
        ("multiValueQueryStringParameters", many.clone()),
        ("headers", once.clone()),
        ("headers", named.clone()),
        ("multiValueHeaders", many.clone()),
        ("multiValueHeaders", named.clone()),
        ("body", HALF.into()),
    ];
    let mut checked = 0;
    for (sources, parts) in [(&apis[..], of_apis), (&older[..], of_older)] {
        for source in sources {
            for (key, part) in parts {
                let mut event = request(*source, &Method::GET, "/orders", None);
                // Where a part comes once and several times, the one that is read is meant.
                for other in ["multiValueHeaders", "multiValueQueryStringParameters"] {
                    if !key.starts_with("multi") {
                        event[other] = Value::Null;
                    }
                }
                event[*key] = part.clone();
                let event = halved(&event);
                let Decoded::NotJson(why) = decode(&event) else { panic!("{source:?} {key}") };
                assert_eq!(why, "a text holds half of a surrogate pair", "{source:?} {key}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 2 * 6 + 3 * 9);
}

#[tokio::test]
async fn a_request_with_half_of_a_surrogate_pair_fails_the_invocation_and_reaches_no_handler() {
    #[lift::handler(GET, "/orders")]
    async fn orders() {}
    #[lift::handler(invoke = "any")]
    async fn any() {}
    let app = crate::App::new("half").handlers(lift::handlers![orders, any]);
    let service = app.test().start().await.unwrap();
    for key in ["headers", "queryStringParameters", "body"] {
        let mut event =
            request(HttpSource::LoadBalancer { multi_value: false }, &Method::GET, "/orders", None);
        event[key] = if key == "body" { HALF.into() } else { json!({"x-half": HALF}) };
        let failure = service.event(halved(&event)).await.unwrap_err();
        assert_eq!(failure.code(), "EVENT_NOT_VALID", "{key}");
        let detail = failure.public_detail().unwrap();
        assert_eq!(detail, "the event is not JSON: a text holds half of a surrogate pair", "{key}");
    }
}

#[test]
fn half_of_a_surrogate_pair_is_told_in_a_message_of_a_web_socket() {
    for key in ["headers", "queryStringParameters"] {
        let mut event = request(HttpSource::WebSocket, &Method::GET, "/", None);
        event[key] = json!({"x": HALF});
        // Which makes its headers a part that is read when it is needed.
        event["httpMethod"] = "GET".into();
        let event = halved(&event);
        assert!(matches!(decode(&event), Decoded::NotJson(_)), "{key}");
    }
}

#[test]
fn a_part_that_nothing_reads_may_hold_half_of_a_surrogate_pair() {
    let mut event = request(HttpSource::LoadBalancer { multi_value: true }, &Method::GET, "/orders", None);
    event["headers"] = json!({"x-half": HALF});
    event["queryStringParameters"] = json!({"half": HALF});
    event["multiValueQueryStringParameters"] = json!({"whole": ["1"]});
    let event = halved(&event);
    let Decoded::Http(request, _) = decode(&event) else { panic!("it is a request") };
    assert_eq!(request.uri(), "/orders?whole=1");
}

#[test]
fn half_of_a_surrogate_pair_in_a_record_is_told_with_its_record() {
    let kinds = [
        (RecordKind::Sqs, "attributes", "MessageGroupId"),
        (RecordKind::Kinesis, "kinesis", "partitionKey"),
        (RecordKind::DynamoDb, "dynamodb", "SequenceNumber"),
        (RecordKind::DynamoDb, "dynamodb", HALF),
        (RecordKind::Sns, "Sns", "Message"),
        (RecordKind::S3, "s3", HALF),
    ];
    for (kind, part, key) in kinds {
        let mut event = record(kind, "orders.fifo");
        let second = event["Records"][0].clone();
        event["Records"].as_array_mut().unwrap().push(second);
        event["Records"][1][part][key] = HALF.into();
        let event = halved(&event);
        let Decoded::Bad(why) = decode(&event) else { panic!("{kind} {key}") };
        let expected = "record 1 has a text with a wrong escape or half of a surrogate pair";
        assert!(why.contains(expected), "{kind} {key}: {why}");
    }
    let mut event = record(RecordKind::S3, "orders");
    event["Records"][0]["s3"]["bucket"]["name"] = HALF.into();
    event["Records"][0]["s3"]["bucket"]["arn"] = Value::Null;
    assert!(matches!(decode(&halved(&event)), Decoded::Bad(_)));
    // A part that only the handler reads is left to it.
    let mut event = record(RecordKind::S3, "orders");
    event["Records"][0]["s3"]["object"]["key"] = HALF.into();
    assert!(matches!(decode(&halved(&event)), Decoded::Records(_)));
}

#[test]
fn what_is_no_json_is_told_as_what_it_is() {
    for (text, expected) in [
        (r#"{"body":"\ud800"}"#, "half of a surrogate pair"),
        (r#"{"body":"\udc00\ud800"}"#, "half of a surrogate pair"),
        (r#""\ud800""#, "half of a surrogate pair"),
        (r#"{"body":"\x"}"#, "invalid escape"),
        (r#"{"body":"\u12"}"#, "invalid escape"),
        (r#"{"body":"#, "EOF"),
        (r#"{"body":1,}"#, "key must be a string"),
    ] {
        let bytes = Bytes::from(text);
        let Decoded::NotJson(why) = decode(&bytes) else { panic!("{text}") };
        assert!(why.contains(expected), "{text}: {why}");
    }
}

/// The most that `HeaderMap` can hold.
#[test]
fn a_request_with_as_many_headers_as_there_can_be_has_no_room_for_cookies() {
    let with_headers = |count: usize| {
        let mut event = request(HttpSource::HttpApi, &Method::GET, "/orders", None);
        let headers = (0..count).map(|number| (format!("x-{number}"), number.to_string().into()));
        event["headers"] = Value::Object(headers.collect());
        event["cookies"] = json!(["a=1"]);
        Bytes::from(event.to_string())
    };
    assert!(matches!(decode(&with_headers(24_575)), Decoded::Http(..)));
    assert!(matches!(decode(&with_headers(24_576)), Decoded::BadHttp(..)));
}

#[test]
fn headers_that_http_does_not_allow_are_counted_in_one_line() {
    let mut event = request(HttpSource::HttpApi, &Method::GET, "/orders", None);
    event["headers"] = json!({"a b": "1", "x-line": "\n", "c d": "2", "x-good": "3"});
    let event = Bytes::from(event.to_string());
    let log = crate::telemetry::Log::default();
    log.of(|| {
        let Decoded::Http(request, _) = decode(&event) else { panic!("it is a request") };
        assert_eq!(request.headers().len(), 1);
    });
    let [line] = log.lines().try_into().unwrap();
    assert_eq!((&line["left_out"], &line["header"]), (&json!(3), &json!("a b")));
}

#[test]
fn a_payload_of_ones_own_may_hold_what_an_event_holds() {
    for text in [r#"{"requestContext":{"http":{}},"order":7}"#, r#"{"requestContext":{"elb":{}}}"#] {
        assert!(matches!(decode(&Bytes::from(text)), Decoded::Other), "{text}");
    }
}

#[test]
fn a_request_body_has_at_most_6_mb() {
    assert_eq!(super::BODY_LIMIT, 6_291_456);
}

/// What lacks its path or its method is answered in the form of the source that it shows.
#[test]
fn what_is_half_of_a_request_is_told_from_a_payload_of_ones_own() {
    let elb = HttpSource::LoadBalancer { multi_value: false };
    for (event, expected) in [
        (json!({"httpMethod": "GET", "requestContext": {"elb": {}}}), Some(("path", elb))),
        (json!({"httpMethod": "GET", "requestContext": {"stage": "a"}}), Some(("path", HttpSource::RestApi))),
        (json!({"path": "/", "requestContext": {"elb": {}}}), Some(("httpMethod", elb))),
        (
            json!({"path": "/", "multiValueHeaders": {"a": ["b"]}, "requestContext": {"stage": "a"}}),
            Some(("httpMethod", HttpSource::RestApi)),
        ),
        (json!({"path": "/", "requestContext": {"stage": "a"}}), None),
        (json!({"multiValueHeaders": {"a": ["b"]}, "requestContext": {"stage": "a"}}), None),
        (json!({"path": "/", "multiValueHeaders": {"a": ["b"]}, "requestContext": {}}), None),
    ] {
        let bytes = Bytes::from(event.to_string());
        let told = match decode(&bytes) {
            Decoded::BadHttp(problem, _, source) => Some((problem, source)),
            Decoded::Other => None,
            _ => panic!("{event}"),
        };
        let expected = expected.map(|(key, source)| (format!("`{key}` is no text"), source));
        assert_eq!(told, expected, "{event}");
    }
}
