//! The double of AWS's gateways in `lift::testing::conformance` writes paths and queries as captured events have them.

use std::sync::{Arc, Mutex};

use lift::prelude::*;
use lift::testing::conformance;
use serde_json::{Value, json};

use crate::samples;

const HTTP_API: usize = 0;
const FUNCTION_URL: usize = 1;
const REST_API: usize = 2;
const LOAD_BALANCER: usize = 3;

/// The events that reached the handler.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Value>>>);

impl Seen {
    fn note(&self, context: &lift::Context) {
        if let Some(event) = context.event() {
            self.0.lock().unwrap().push(serde_json::from_slice(event).unwrap());
        }
    }
}

#[lift::handler(GET, "/")]
async fn root(context: lift::Context, seen: Shared<Seen>) -> &'static str {
    seen.note(&context);
    ""
}

#[lift::handler(GET, "/{*rest}")]
async fn any(rest: String, context: lift::Context, seen: Shared<Seen>) -> String {
    seen.note(&context);
    rest
}

/// What each gateway makes of requests of this client, in `conformance`'s order: HTTP API, function URL, REST API, load
/// balancer.
async fn sent(targets: &[String]) -> Vec<[Value; 4]> {
    let seen = Seen::default();
    let app = || App::new("encoding").provide(seen.clone()).handlers(lift::handlers![root, any]);
    conformance(app, async |client| {
        for target in targets {
            client.get(target.clone()).header("host", "shop.example.com").await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let seen = std::mem::take(&mut *seen.0.lock().unwrap());
    assert_eq!(seen.len(), 4 * targets.len());
    let by_gateway =
        |index: usize| [0, 1, 2, 3].map(|gateway: usize| seen[gateway * targets.len() + index].clone());
    (0..targets.len()).map(by_gateway).collect()
}

async fn sent_one(target: String) -> [Value; 4] {
    sent(&[target]).await.remove(0)
}

/// The captured value of each of these keys, and the double's.
fn assert_same(double: &Value, captured: &Value, keys: &[&str]) {
    for key in keys {
        let (double, captured) = (double.pointer(key), captured.pointer(key));
        assert!(captured.is_some(), "{key} was not captured");
        assert_eq!(double, captured, "{key}");
    }
}

#[tokio::test]
async fn an_http_api_decodes_the_path_and_keeps_the_query() {
    let captured = samples::one("lambda_http/apigw_request_path_with_space");
    let query = captured["rawQueryString"].as_str().unwrap();
    let [http_api, function_url, rest_api, load_balancer] =
        sent_one(format!("/my/path-with%20space?{query}")).await;
    assert_same(
        &http_api,
        &captured,
        &["/version", "/rawPath", "/rawQueryString", "/requestContext/http/path"],
    );
    assert_eq!(function_url["rawPath"], "/my/path-with%20space");
    assert_eq!(rest_api["path"], "/my/path-with%20space");
    assert_eq!(load_balancer["path"], "/my/path-with%20space");
}

#[tokio::test]
async fn a_load_balancer_keeps_the_escapes_of_a_query() {
    let captured = samples::one("lambda_http/alb_multi_value_request_encoded_query_parameters");
    let [http_api, function_url, rest_api, load_balancer] =
        sent_one("/?myKey=%3FshowAll%3Dtrue&myKey=%3FshowAll%3Dfalse".to_owned()).await;
    assert_same(&load_balancer, &captured, &["/multiValueQueryStringParameters"]);
    // A REST API decodes it.
    assert_eq!(
        rest_api["multiValueQueryStringParameters"],
        json!({"myKey": ["?showAll=true", "?showAll=false"]})
    );
    assert_eq!(http_api["rawQueryString"], "myKey=%3FshowAll%3Dtrue&myKey=%3FshowAll%3Dfalse");
    assert_eq!(function_url["rawQueryString"], "myKey=%3FshowAll%3Dtrue&myKey=%3FshowAll%3Dfalse");
}

/// What a client must have sent for a captured request, by the rules of its source; the double then makes the same of it.
#[tokio::test]
async fn every_captured_request_is_what_the_double_makes_of_it() {
    let (mut targets, mut expected) = (Vec::new(), Vec::new());
    for sample in samples::all() {
        let event = &sample.event;
        let context = &event["requestContext"];
        // An authorizer's question is about a request.
        if event.get("methodArn").or(event.get("routeArn")).is_some() {
            continue;
        }
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        let query = event["multiValueQueryStringParameters"].as_object();
        let is_url = context["domainName"].as_str().is_some_and(|name| name.contains(".lambda-url."));
        let (gateway, target, keys) = if event["rawPath"].is_string() {
            let path = if is_url { text("rawPath").to_owned() } else { escaped(text("rawPath"), b"/-._") };
            let gateway = if is_url { FUNCTION_URL } else { HTTP_API };
            (gateway, format!("{path}?{}", text("rawQueryString")), ["/rawPath", "/rawQueryString"])
        } else if let (true, Some(query)) = (event["path"].is_string(), query) {
            let keys = ["/path", "/multiValueQueryStringParameters"];
            let is_load_balancer = !context["elb"].is_null();
            let write = |text| if is_load_balancer { String::from(text) } else { escaped(text, b"") };
            let query: Vec<_> =
                pairs(query).map(|(name, value)| format!("{}={}", write(name), write(value))).collect();
            let gateway = if is_load_balancer { LOAD_BALANCER } else { REST_API };
            (gateway, format!("{}?{}", text("path"), query.join("&")), keys)
        } else {
            continue;
        };
        targets.push(target);
        expected.push((sample.name, gateway, keys, sample.event));
    }
    let sent = sent(&targets).await;
    for (double, (name, gateway, keys, captured)) in sent.iter().zip(&expected) {
        println!("{name}");
        assert_same(&double[*gateway], captured, keys);
    }
    for (gateway, least) in [(HTTP_API, 5), (FUNCTION_URL, 1), (REST_API, 4), (LOAD_BALANCER, 2)] {
        let count = expected.iter().filter(|(_, of, ..)| *of == gateway).count();
        assert!(count >= least, "{count} samples of gateway {gateway}");
    }
}

fn pairs(query: &serde_json::Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    query.iter().flat_map(|(name, values)| {
        values.as_array().into_iter().flatten().filter_map(|value| Some((name.as_str(), value.as_str()?)))
    })
}

fn escaped(text: &str, kept: &[u8]) -> String {
    let escaped = |byte: u8| match byte.is_ascii_alphanumeric() || kept.contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}
