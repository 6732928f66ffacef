//! What is one request in two spellings.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // tests fail loudly

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
    conformance(app, async |client| {
        client
            .get("/cookies")
            .header("cookie", "a=1")
            .header("cookie", "b=2; c=3")
            .header("cookie", "d=4")
            .await?;
        client.get("/cookies").header("cookie", "a=1").await?;
        client.get("/cookies").await?;
        Ok(())
    })
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

#[lift::handler(GET, "/")]
async fn home() -> &'static str {
    "home"
}

#[lift::handler(POST, "/orders")]
async fn make() -> &'static str {
    "made"
}

#[lift::handler(GET, "/orders")]
async fn list() -> &'static str {
    "list"
}

#[lift::handler(GET, "/files/{*rest}")]
async fn file(rest: String) -> String {
    format!("file {rest:?}")
}

async fn slashes(setting: Option<&str>, base: Option<&str>) -> TestService {
    let app = App::new("slashes").handlers(lift::handlers![home, make, list, one, file]);
    let mark = tower_http::set_header::SetResponseHeaderLayer::overriding(
        http::HeaderName::from_static("x-layer"),
        http::HeaderValue::from_static("1"),
    );
    let mut host = app.http_layer(mark).test();
    for (name, value) in [("LIFT_TRAILING_SLASH", setting), ("LIFT_BASE_PATH", base)] {
        if let Some(value) = value {
            host = host.var(name, value);
        }
    }
    host.start().await.unwrap()
}

#[tokio::test]
async fn a_slash_at_the_end_is_another_path_the_same_or_a_redirect() {
    // The status under `strict`, `same` and `redirect`, and where the redirect leads.
    let rows = [
        ("GET", "/", [200, 200, 200], ""),
        ("GET", "/orders", [200, 200, 200], ""),
        ("GET", "/orders/", [404, 200, 308], "/orders"),
        ("HEAD", "/orders/", [404, 200, 308], "/orders"),
        ("POST", "/orders/?a=1&b=%20", [404, 200, 308], "/orders?a=1&b=%20"),
        ("GET", "/%6frders/?a", [404, 200, 308], "/%6frders?a"),
        ("PUT", "/orders/", [404, 405, 405], ""),
        ("GET", "/orders/7/", [404, 200, 308], "/orders/7"),
        ("GET", "/orders/a%2F/", [404, 200, 308], "/orders/a%2F"),
        ("GET", "/orders//", [404, 404, 404], ""),
        ("GET", "/orders/7//", [404, 404, 404], ""),
        ("GET", "//", [404, 404, 404], ""),
        ("GET", "/files/a/", [200, 200, 200], ""),
        ("GET", "/files/", [200, 200, 200], ""),
        ("GET", "/files", [404, 200, 308], "/files/"),
        ("GET", "/nowhere/", [404, 404, 404], ""),
    ];
    for (index, setting) in ["strict", "same", "redirect"].into_iter().enumerate() {
        let service = slashes(Some(setting), None).await;
        for (method, path, statuses, to) in rows {
            let response = service.request(method.parse().unwrap(), path).await.unwrap();
            let status = statuses.get(index).copied().unwrap();
            assert_eq!(response.status(), status, "{setting} {method} {path}");
            let location = response.header("location");
            assert_eq!(location, (status == 308).then_some(to), "{setting} {method} {path}");
            assert_eq!(response.header("x-layer"), Some("1"), "{setting} {method} {path}");
        }
    }
    let service = slashes(None, None).await;
    assert_eq!(service.get("/orders/").await.unwrap().status(), 404);
    let same = slashes(Some("same"), None).await;
    assert_eq!(same.get("/orders/7/").await.unwrap().text(), "one 7");
    assert_eq!(same.get("/files").await.unwrap().text(), "file \"\"");
}

/// A client's own path has more in front than the handlers'.
#[tokio::test]
async fn a_redirect_keeps_what_was_taken_off_the_path() {
    let service = slashes(Some("redirect"), Some("/shop")).await;
    let response = service.get("/shop/orders/?a=1").await.unwrap();
    assert_eq!(response.header("location"), Some("/shop/orders?a=1"));
    assert_eq!(service.get("/orders/").await.unwrap().header("location"), Some("/orders"));
    let http_api = |domain: &str, path: &str| {
        json!({
            "version": "2.0", "rawPath": path, "rawQueryString": "a=1", "headers": {},
            "requestContext": {"http": {"method": "GET", "path": path}, "domainName": domain, "stage": "prod"},
            "isBase64Encoded": false,
        })
    };
    let rest = |domain: &str| {
        json!({
            "path": "/orders/", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
            "queryStringParameters": {"a": "1"},
            "requestContext": {"stage": "prod", "domainName": domain}, "body": null, "isBase64Encoded": false,
        })
    };
    let own = "abc.execute-api.eu-central-1.amazonaws.com";
    for (event, location) in [
        (http_api(own, "/prod/orders/"), "/prod/orders?a=1"),
        (http_api(own, "/prod/shop/orders/"), "/prod/shop/orders?a=1"),
        (http_api("shop.example", "/orders/"), "/orders?a=1"),
        (http_api("shop.example", "/shop/orders/"), "/shop/orders?a=1"),
        (rest(own), "/prod/orders?a=1"),
        (rest("shop.example"), "/orders?a=1"),
    ] {
        let answer: Value = serde_json::from_slice(&service.event(event.to_string()).await.unwrap()).unwrap();
        let told =
            answer["headers"]["location"].as_str().or(answer["multiValueHeaders"]["location"][0].as_str());
        assert_eq!((answer["statusCode"].as_u64(), told), (Some(308), Some(location)), "{event}");
    }
    let flow = || {
        let app = App::new("slashes").handlers(lift::handlers![home, make, list, one, file]);
        app.test().var("LIFT_TRAILING_SLASH", "redirect")
    };
    conformance(flow, async |client| {
        for path in ["/orders/?a=1", "/orders/7/", "/files", "/nowhere/"] {
            client.get(path).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

/// A path that begins with two slashes would lead to another host.
#[tokio::test]
async fn a_redirect_stays_on_its_host() {
    #[lift::handler(GET, "/{*rest}")]
    async fn any(rest: String) -> String {
        rest
    }
    #[lift::handler(GET, "/{*rest}")]
    async fn any_order(rest: String) -> String {
        rest
    }
    let app = App::new("slashes").handlers(lift::handlers![any]).group("/orders", lift::handlers![any_order]);
    let service = app.test().var("LIFT_TRAILING_SLASH", "redirect").start().await.unwrap();
    for path in ["//evil.example/", "//evil.example", "/%2Fevil.example/", "/orders"] {
        let response = service.get(path).await.unwrap();
        let location = response.header("location").unwrap_or_default();
        assert!(!location.starts_with("//") && !location.contains('\\'), "{path}: {location}");
    }
}

#[tokio::test]
async fn any_other_word_for_a_trailing_slash_is_told_at_start() {
    for word in ["Strict", "ignore", "true"] {
        let faults = app().test().var("LIFT_TRAILING_SLASH", word).check().unwrap_err().to_string();
        assert!(faults.contains("LIFT_TRAILING_SLASH"), "{faults}");
        assert!(faults.contains("is not `strict`, `same` or `redirect`"), "{faults}");
    }
}
