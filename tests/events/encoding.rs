//! The double of AWS's gateways in `lift::testing::conformance` writes paths and queries as captured events have them.

use std::sync::{Arc, Mutex};

use lift::extract::Uri;
use lift::prelude::*;
use lift::testing::conformance;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::samples::{self, Sample};

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

#[lift::handler(GET, "/")]
async fn root_uri(uri: Uri, seen: Shared<Seen>) {
    seen.0.0.lock().unwrap().push(uri.to_string().into());
}

#[lift::handler(GET, "/{*rest}")]
async fn any_uri(_rest: String, uri: Uri, seen: Shared<Seen>) {
    seen.0.0.lock().unwrap().push(uri.to_string().into());
}

/// What each gateway makes of requests of this client, in `conformance`'s order: HTTP API, function URL, REST API, load
/// balancer.
async fn sent(targets: &[String]) -> Vec<[Value; 4]> {
    sent_to("shop.example.com", targets).await
}

async fn sent_to(host: &str, targets: &[String]) -> Vec<[Value; 4]> {
    let seen = Seen::default();
    let app = || App::new("encoding").provide(seen.clone()).handlers(lift::handlers![root, any]);
    conformance(app, async |client| {
        for target in targets {
            client.get(target.clone()).header("host", host).await?;
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

/// A captured request, and what its client must have sent by the rules of its source.
struct Captured {
    name: String,
    event: Value,
    gateway: usize,
    target: String,
    /// What the double has to make of the target.
    keys: [&'static str; 2],
}

fn captured() -> Vec<Captured> {
    let mut all = Vec::new();
    for Sample { name, event } in samples::all() {
        let context = &event["requestContext"];
        // An authorizer's question is about a request, and a WebSocket API has opened a connection.
        let keys = ["/methodArn", "/routeArn", "/requestContext/connectionId"];
        if keys.iter().any(|key| event.pointer(key).is_some()) {
            continue;
        }
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        let query = event["multiValueQueryStringParameters"].as_object();
        // A template may fill only one of the two.
        let query = query.filter(|query| !query.is_empty() || event["queryStringParameters"].is_null());
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
        all.push(Captured { name, event, gateway, target, keys });
    }
    for (gateway, least) in [(HTTP_API, 5), (FUNCTION_URL, 1), (REST_API, 4), (LOAD_BALANCER, 2)] {
        let count = all.iter().filter(|captured| captured.gateway == gateway).count();
        assert!(count >= least, "{count} samples of gateway {gateway}");
    }
    all
}

#[tokio::test]
async fn every_captured_request_is_what_the_double_makes_of_it() {
    let captured = captured();
    let targets: Vec<_> = captured.iter().map(|captured| captured.target.clone()).collect();
    for (double, Captured { name, event, gateway, keys, .. }) in sent(&targets).await.iter().zip(&captured) {
        println!("{name}");
        assert_same(&double[*gateway], event, keys);
    }
}

/// So whoever tests with the double sees what AWS would send.
#[tokio::test]
async fn every_captured_request_is_read_as_its_client_has_sent_it() {
    let seen = Seen::default();
    let handlers = lift::handlers![root_uri, any_uri];
    let service = App::new("reading").provide(seen.clone()).handlers(handlers).test().start().await.unwrap();
    for Captured { name, mut event, gateway, target, .. } in captured() {
        for key in ["/httpMethod", "/requestContext/http/method"] {
            if let Some(method) = event.pointer_mut(key) {
                *method = "GET".into();
            }
        }
        service.event(event.to_string()).await.unwrap();
        let [read] = std::mem::take(&mut *seen.0.lock().unwrap()).try_into().unwrap();
        let mut expected = parts(&target);
        // Under its own name an HTTP API has put its stage before the path.
        if let (HTTP_API, Some(stage)) = (gateway, event["requestContext"]["stage"].as_str())
            && let Some(path) = expected.0.strip_prefix(&format!("/{stage}/"))
        {
            expected.0 = format!("/{path}");
        }
        assert_eq!(parts(read.as_str().unwrap()), expected, "{name}");
    }
}

/// A path and the pairs of a query, without their escapes.
fn parts(target: &str) -> (String, Vec<(String, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.sort();
    (percent_decode_str(path).decode_utf8().unwrap().into_owned(), pairs)
}

#[tokio::test]
async fn a_stage_is_part_of_the_path_under_any_name_but_the_apis_own() {
    let seen = Seen::default();
    let handlers = lift::handlers![root_uri, any_uri];
    let service = App::new("stages").provide(seen.clone()).handlers(handlers).test().start().await.unwrap();
    let captured = samples::one("lambda_http/apigw_v2_proxy_request_with_stage_in_path");
    let own_name = captured["requestContext"]["domainName"].as_str().unwrap().to_owned();
    assert!(own_name.contains(".execute-api."));
    let stage = captured["requestContext"]["stage"].as_str().unwrap();
    let whole = captured["rawPath"].as_str().unwrap();
    let without = whole.strip_prefix(&format!("/{stage}")).unwrap();
    for (domain, expected) in [(&*own_name, without), ("shop.example.com", whole)] {
        let mut event = captured.clone();
        event["requestContext"]["domainName"] = domain.into();
        event["requestContext"]["http"]["method"] = "GET".into();
        service.event(event.to_string()).await.unwrap();
        let [read] = std::mem::take(&mut *seen.0.lock().unwrap()).try_into().unwrap();
        assert_eq!(parts(read.as_str().unwrap()).0, expected, "{domain}");
    }
    // The double does the same, with a stage of its own.
    for (host, expected) in [(&*own_name, "/prod/my/path"), ("shop.example.com", "/my/path")] {
        let [http_api, ..] = sent_to(host, &["/my/path".to_owned()]).await.remove(0);
        assert_eq!(http_api["rawPath"], expected, "{host}");
        assert_eq!(http_api["requestContext"]["http"]["path"], expected, "{host}");
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
