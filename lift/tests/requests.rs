//! What is one request in two spellings.
#![allow(clippy::panic, clippy::unwrap_used)] // tests fail loudly

use http::HeaderMap;
use lift::prelude::*;
use lift::testing::{TestService, conformance};
use serde_json::{Value, json};

#[lift::handler(GET, "/orders/all")]
async fn all() -> &'static str {
    "all"
}

#[lift::handler(GET, "/orders/{id}")]
async fn one(id: String) -> String {
    format!("one {id}")
}

#[lift::handler(GET, "/caf%C3%A9/{*rest}")]
async fn rest(rest: String) -> String {
    format!("rest {rest}")
}

#[lift::handler(GET, "/cookies")]
async fn cookies(headers: HeaderMap) -> String {
    let all: Vec<_> = headers.get_all("cookie").iter().map(|value| value.to_str().unwrap()).collect();
    all.join(" | ")
}

fn app() -> App {
    App::new("requests").handlers(lift::handlers![all, one, rest, cookies])
}

async fn text(service: &TestService, path: &str) -> (u16, String) {
    let response = service.get(path).await.unwrap();
    (response.status(), if response.status() == 200 { response.text() } else { String::new() })
}

#[tokio::test]
async fn a_path_is_the_same_whether_its_letters_are_escaped_or_not() {
    let app = || app().test().var("LIFT_BASE_PATH", "/shop");
    let service = app().start().await.unwrap();
    for (path, expected) in [
        ("/orders/all", "all"),
        ("/orders/%61ll", "all"),
        ("/%6frders/%61%6C%6c", "all"),
        ("/sho%70/orders/%61ll", "all"),
        ("/shop/orders/%61ll", "all"),
        ("/orders/%61%6c", "one al"),
        ("/orders/a%6cl%20", "one all "),
        // A slash that is escaped separates nothing.
        ("/orders/%61%2fb", "one a/b"),
        ("/orders/%2561ll", "one %61ll"),
        ("/caf%c3%a9/%61", "rest a"),
        ("/caf%C3%a9/a%2Fb/c", "rest a/b/c"),
    ] {
        assert_eq!(text(&service, path).await, (200, expected.to_owned()), "{path}");
    }
    assert_eq!(text(&service, "/orders%2fall").await.0, 404);
    let live = service.get("/he%61lth/liv%65").await.unwrap();
    assert_eq!((live.status(), live.text().contains("healthy")), (200, true));
    assert_eq!(service.get("/shop/he%61lth").await.unwrap().status(), 200);

    conformance(app, async |client| {
        for path in ["/orders/%61ll", "/%6frders/x", "/sho%70/orders/%61ll?a=%61"] {
            client.get(path).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_cookies_of_several_headers_are_one_header_on_every_host() {
    let service = app().test().start().await.unwrap();
    let response =
        service.get("/cookies").header("cookie", "a=1; b=2").header("cookie", "c=3;").header("cookie", "");
    assert_eq!(response.await.unwrap().text(), "a=1; b=2; c=3");
    conformance(
        || app(),
        async |client| {
            client
                .get("/cookies")
                .header("cookie", "a=1")
                .header("cookie", "b=2; c=3")
                .header("cookie", "d=4")
                .await?;
            client.get("/cookies").header("cookie", "a=1").await?;
            client.get("/cookies").await?;
            Ok(())
        },
    )
    .await
    .unwrap();

    let rest = |many: Value| {
        json!({
            "path": "/cookies", "httpMethod": "GET", "headers": {"Cookie": "b=2"}, "multiValueHeaders": many,
            "requestContext": {"stage": "prod"}, "body": null, "isBase64Encoded": false,
        })
    };
    let http_api = json!({
        "version": "2.0", "rawPath": "/cookies", "rawQueryString": "", "cookies": ["a=1", "b=2"], "headers": {},
        "requestContext": {"http": {"method": "GET", "path": "/cookies"}, "domainName": "x", "stage": "$default"},
        "isBase64Encoded": false,
    });
    let balancer = json!({
        "path": "/cookies", "httpMethod": "GET", "multiValueHeaders": {"cookie": ["a=1", "b=2"]},
        "requestContext": {"elb": {"targetGroupArn": "arn:x"}}, "body": "", "isBase64Encoded": false,
    });
    // The names of headers are in any case, and may come in two of them.
    for event in [
        rest(json!({"Cookie": ["a=1", "b=2"]})),
        rest(json!({"Cookie": ["a=1"], "cookie": ["b=2"]})),
        http_api,
        balancer,
    ] {
        let answer = service.event(event.to_string()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["body"], "a=1; b=2", "{event}");
    }
}

#[lift::handler(ws = "$connect")]
async fn connected(headers: HeaderMap) -> String {
    cookies(headers).await
}

#[tokio::test]
async fn a_web_socket_is_opened_with_all_its_cookies() {
    let service = App::new("requests").handlers(lift::handlers![connected]).test().start().await.unwrap();
    let event = json!({
        "headers": {"Cookie": "b=2"}, "multiValueHeaders": {"Cookie": ["a=1", "b=2"]},
        "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "connectionId": "c", "stage": "prod",
            "domainName": "x", "requestId": "r"},
        "isBase64Encoded": false,
    });
    let answer: Value = serde_json::from_slice(&service.event(event.to_string()).await.unwrap()).unwrap();
    assert_eq!(answer["body"], "a=1; b=2");
}
