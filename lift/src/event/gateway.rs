//! The other side: what API Gateway and load balancers make of a request, and of an answer. Tests and samples use it.

#![allow(clippy::indexing_slicing)] // of JSON objects made here; reading a key that is missing gives `null`

use std::collections::BTreeMap;

use axum_core::body::Body;
use axum_core::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::HttpSource;

/// The stage that the events of API Gateway name.
const STAGE: &str = "prod";
const ACCOUNT: &str = "123456789012";

/// The event that a source makes of a request.
pub(crate) fn event(source: HttpSource, head: &http::request::Parts, body: &[u8]) -> Value {
    let (text, is_base64_encoded) = match std::str::from_utf8(body) {
        Ok("") => (Value::Null, false),
        Ok(text) => (text.into(), false),
        Err(_) => (BASE64_STANDARD.encode(body).into(), true),
    };
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let method = head.method.as_str();
    let host = head.headers.get(HOST).map(text_of).unwrap_or_default();
    match source {
        HttpSource::HttpApi | HttpSource::FunctionUrl => {
            let function_url = source == HttpSource::FunctionUrl;
            let stage = if function_url { "$default" } else { STAGE };
            let domain = match host {
                _ if function_url => "abcdefgh.lambda-url.eu-central-1.on.aws",
                "" => "abcdefgh.execute-api.eu-central-1.amazonaws.com",
                host => host,
            };
            // A function URL keeps the escapes of the path. An HTTP API decodes them, and has its stage before the path
            // under its own name.
            let decoded = percent_decode_str(path).decode_utf8_lossy();
            let raw_path = match domain.contains(".execute-api.") {
                _ if function_url => path.to_owned(),
                true => format!("/{stage}{decoded}"),
                false => decoded.into_owned(),
            };
            let cookies: Vec<&str> = head
                .headers
                .get_all(COOKIE)
                .iter()
                .flat_map(|cookies| text_of(cookies).split("; "))
                .collect();
            let mut headers = joined(&head.headers);
            headers.remove(COOKIE.as_str());
            json!({
                "version": "2.0", "routeKey": "$default", "rawPath": raw_path, "rawQueryString": query,
                "cookies": cookies, "headers": headers,
                "requestContext": {
                    "accountId": ACCOUNT, "apiId": "abcdefgh", "domainName": domain, "domainPrefix": "abcdefgh",
                    "http": {"method": method, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                        "userAgent": "lift"},
                    "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": stage,
                    "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
                },
                "body": text, "isBase64Encoded": is_base64_encoded,
            })
        }
        HttpSource::RestApi => {
            let query = decoded(query);
            let headers: BTreeMap<String, Vec<&str>> =
                many(&head.headers).into_iter().map(|(name, values)| (in_capitals(name), values)).collect();
            json!({
                "resource": "/{proxy+}", "path": path, "httpMethod": method, "headers": last(&headers),
                "multiValueHeaders": headers, "queryStringParameters": last(&query),
                "multiValueQueryStringParameters": query, "pathParameters": {"proxy": path.trim_start_matches('/')},
                "stageVariables": null,
                "requestContext": {
                    "accountId": ACCOUNT, "apiId": "abcdefgh", "domainName": host, "httpMethod": method,
                    "identity": {"sourceIp": "203.0.113.7", "userAgent": "lift"}, "path": format!("/{STAGE}{path}"),
                    "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "resourcePath": "/{proxy+}", "stage": STAGE,
                },
                "body": text, "isBase64Encoded": is_base64_encoded,
            })
        }
        HttpSource::LoadBalancer { multi_value } => {
            let query = as_sent(query);
            let headers: BTreeMap<&str, Vec<&str>> = many(&head.headers);
            let mut event = json!({
                "requestContext": {"elb": {"targetGroupArn":
                    format!("arn:aws:elasticloadbalancing:eu-central-1:{ACCOUNT}:targetgroup/orders/6d0ecf831eec9f09")}},
                "httpMethod": method, "path": path, "body": text, "isBase64Encoded": is_base64_encoded,
            });
            if multi_value {
                event["multiValueHeaders"] = json!(headers);
                event["multiValueQueryStringParameters"] = json!(query);
            } else {
                event["headers"] = json!(last(&headers));
                event["queryStringParameters"] = json!(last(&query));
            }
            event
        }
        HttpSource::WebSocket => json!({
            "requestContext": {
                "routeKey": "$default", "eventType": "MESSAGE", "messageId": "ABCD1234=", "connectionId": "AAAA1234=",
                "stage": STAGE, "domainName": host, "requestId": "ABCD1234=", "apiId": "abcdefgh",
                "identity": {"sourceIp": "203.0.113.7"},
            },
            "body": text, "isBase64Encoded": is_base64_encoded,
        }),
    }
}

/// A response to a client whose URLs have no stage: a place that has one is that without it.
pub(crate) fn without_stage(mut response: Response) -> Response {
    let location = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    let place = location.and_then(|place| place.strip_prefix('/')?.strip_prefix(STAGE));
    if let Some(Ok(place)) = place.filter(|place| place.starts_with('/')).map(HeaderValue::from_str) {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

/// The response that the client gets, or why the source answers 502.
pub(crate) fn response(answer: &[u8]) -> Result<Response, String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).ok_or("it has no status")?;
    let text = answer["body"].as_str().unwrap_or_default();
    let body = match answer["isBase64Encoded"].as_bool() {
        Some(true) => BASE64_STANDARD.decode(text).map_err(|error| error.to_string())?.into(),
        _ => Bytes::copy_from_slice(text.as_bytes()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let mut add = |name: &str, value: &Value| {
        let value = value.as_str().ok_or_else(|| format!("its header `{name}` is no text"))?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        response.headers_mut().append(name, value);
        Ok::<_, String>(())
    };
    let objects = |key: &str| answer[key].as_object().into_iter().flatten();
    for (name, value) in objects("headers") {
        add(name, value)?;
    }
    for (name, values) in objects("multiValueHeaders") {
        values.as_array().into_iter().flatten().try_for_each(|value| add(name, value))?;
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        add(SET_COOKIE.as_str(), cookie)?;
    }
    Ok(response)
}

fn text_of(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

fn many(headers: &HeaderMap) -> BTreeMap<&str, Vec<&str>> {
    let mut many = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in headers {
        many.entry(name.as_str()).or_default().push(text_of(value));
    }
    many
}

fn joined(headers: &HeaderMap) -> BTreeMap<&str, String> {
    many(headers).into_iter().map(|(name, values)| (name, values.join(","))).collect()
}

/// What a source keeps that has one value for each name.
fn last<K: AsRef<str>, V: AsRef<str>>(many: &BTreeMap<K, Vec<V>>) -> Map<String, Value> {
    let last = |(name, values): (&K, &Vec<V>)| {
        Some((name.as_ref().to_owned(), Value::from(values.last()?.as_ref())))
    };
    many.iter().filter_map(last).collect()
}

fn decoded(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut pairs = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        pairs.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    pairs
}

fn as_sent(query: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut pairs = BTreeMap::<&str, Vec<&str>>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.entry(name).or_default().push(value);
    }
    pairs
}

/// `content-type` as a REST API hands it on: `Content-Type`.
fn in_capitals(name: &str) -> String {
    let mut begins = true;
    let letters = name.chars().map(|letter| {
        let shown = if begins { letter.to_ascii_uppercase() } else { letter };
        begins = letter == '-';
        shown
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_api_writes_names_of_headers_in_capitals() {
        for (name, shown) in [("content-type", "Content-Type"), ("x-a-bc", "X-A-Bc"), ("host", "Host")] {
            assert_eq!(in_capitals(name), shown);
        }
    }

    #[test]
    fn only_an_http_api_under_its_own_name_has_a_stage_in_its_path_and_only_it_decodes() {
        let path = |source, host: &str| {
            let request = http::Request::get("/orders/a%20b%25").header(HOST, host);
            let head = request.body(()).unwrap().into_parts().0;
            event(source, &head, b"")["rawPath"].as_str().map(ToOwned::to_owned)
        };
        let own_name = "abcdefgh.execute-api.eu-central-1.amazonaws.com";
        for (source, host, expected) in [
            (HttpSource::HttpApi, "", "/prod/orders/a b%"),
            (HttpSource::HttpApi, own_name, "/prod/orders/a b%"),
            (HttpSource::HttpApi, "shop.example.com", "/orders/a b%"),
            (HttpSource::FunctionUrl, "", "/orders/a%20b%25"),
        ] {
            assert_eq!(path(source, host).as_deref(), Some(expected), "{source:?} {host}");
        }
    }
}
