//! What an event is told by.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::sample::{event_bridge, request};
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
        let mut event = request(HttpSource::HttpApi, &Method::GET, "/");
        event["rawPath"] = arrives.into();
        assert_eq!(path(&event), expected, "payload 2.0");
        let mut event = request(HttpSource::RestApi, &Method::GET, "/");
        event["path"] = arrives.into();
        event["version"] = "1.0".into();
        assert_eq!(path(&event), expected, "payload 1.0");
    }
    for source in
        [HttpSource::RestApi, HttpSource::FunctionUrl, HttpSource::LoadBalancer { multi_value: true }]
    {
        let event = request(source, &Method::GET, "/files/100%25/a%2Fb%20c");
        assert_eq!(path(&event), "/files/100%25/a%2Fb%20c", "{source:?}");
    }
}

#[test]
fn an_emulated_function_url_keeps_its_escapes() {
    let mut event = request(HttpSource::HttpApi, &Method::GET, "/");
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
        let mut event = request(HttpSource::HttpApi, &Method::GET, "/");
        event["rawPath"] = "/prod/orders".into();
        event["requestContext"]["domainName"] = domain.into();
        assert_eq!(path(&event), expected, "payload 2.0 at {domain}");

        let mut event = request(HttpSource::RestApi, &Method::GET, "/prod/orders");
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
            let mut event = request(source, &Method::GET, "/orders");
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

#[test]
fn a_header_with_half_of_a_surrogate_pair_is_no_json() {
    let event = request(HttpSource::HttpApi, &Method::GET, "/orders").to_string();
    let event = event.replacen("\"headers\":{", "\"headers\":{\"x-half\":\"\\ud800\",", 1);
    assert!(event.contains("x-half"));
    assert!(matches!(decode(&Bytes::from(event)), Decoded::NotJson(_)));
}

/// The most that `HeaderMap` can hold.
#[test]
fn a_request_with_as_many_headers_as_there_can_be_has_no_room_for_cookies() {
    let with_headers = |count: usize| {
        let mut event = request(HttpSource::HttpApi, &Method::GET, "/orders");
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
    let mut event = request(HttpSource::HttpApi, &Method::GET, "/orders");
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
