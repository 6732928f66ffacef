//! What is sent is the same on every host, to the byte where that is known.

use axum_core::response::IntoResponse;
use futures_util::stream;
use http::Method;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, ETAG};

use super::*;
use crate::App;
use crate::extract::HeaderMap;

const BODILESS: [u16; 3] = [204, 205, 304];

#[lift::handler(GET, "/status/{status}")]
async fn status(status: u16) -> impl IntoResponse {
    (StatusCode::from_u16(status).unwrap(), [(CONTENT_LENGTH, "5"), (ETAG, "\"1\"")], "hello")
}

#[lift::handler(POST, "/status/{status}")]
async fn posted(status: u16) -> impl IntoResponse {
    (StatusCode::from_u16(status).unwrap(), "hello")
}

#[lift::handler(GET, "/streamed/{status}")]
async fn streamed(status: u16) -> impl IntoResponse {
    let chunks = ["hel", "lo"].map(Ok::<_, std::convert::Infallible>);
    (StatusCode::from_u16(status).unwrap(), Body::from_stream(stream::iter(chunks)))
}

#[lift::handler(HEAD, "/own")]
async fn own_head() -> impl IntoResponse {
    [(ETAG, "\"1\"")]
}

#[lift::handler(HEAD, "/own/{length}")]
async fn own_length(length: u64) -> impl IntoResponse {
    [(CONTENT_LENGTH, length.to_string())]
}

#[lift::handler(GET, "/empty")]
async fn empty() {}

#[lift::handler(GET, "/odd")]
async fn odd() -> impl IntoResponse {
    [(CONTENT_TYPE, http::HeaderValue::from_bytes(b"\xff").unwrap())]
}

fn app() -> App {
    App::new("sent").handlers(lift::handlers![status, posted, streamed, own_head, own_length, empty, odd])
}

/// The status, what is said of its length, and the body.
async fn sent(service: &TestService, method: &Method, path: &str) -> (u16, Option<String>, String) {
    let response = service.request(method.clone(), path).await.unwrap();
    let length = response.header("content-length").map(ToOwned::to_owned);
    (response.status(), length, response.text())
}

#[tokio::test]
async fn what_has_no_body_has_none_on_any_host_nor_its_length() {
    for (name, service, _server) in ways(&app).await.unwrap() {
        for (method, path) in [
            (Method::GET, "/status/"),
            (Method::HEAD, "/status/"),
            (Method::POST, "/status/"),
            (Method::GET, "/streamed/"),
            (Method::HEAD, "/streamed/"),
        ] {
            for status in BODILESS {
                let path = format!("{path}{status}");
                let (seen, length, body) = sent(&service, &method, &path).await;
                assert_eq!((seen, body.as_str()), (status, ""), "{name} {method} {path}");
                // hyper says of a 205 what there is.
                let none = length.is_none() || (status == 205 && length.as_deref() == Some("0"));
                assert!(none, "{name} {method} {path}: {length:?}");
            }
        }
    }
}

#[tokio::test]
async fn head_has_the_length_that_get_would_have_and_none_that_nobody_knows() {
    for (name, service, _server) in ways(&app).await.unwrap() {
        for (path, status, length) in [
            ("/status/200", 200, Some("5")),
            ("/status/404", 404, Some("5")),
            ("/streamed/200", 200, None),
            ("/own", 200, None),
            ("/own/7", 200, Some("7")),
            ("/empty", 200, Some("0")),
        ] {
            let (seen, told, body) = sent(&service, &Method::HEAD, path).await;
            assert_eq!((seen, told.as_deref(), body.as_str()), (status, length, ""), "{name} {path}");
        }
        // What is not found has a body, too.
        let (_, of_get, body) = sent(&service, &Method::GET, "/nowhere").await;
        let (status, of_head, none) = sent(&service, &Method::HEAD, "/nowhere").await;
        assert_eq!((status, none.as_str()), (404, ""), "{name}");
        assert_eq!(of_head, Some(of_get.unwrap_or(body.len().to_string())), "{name}");
    }
}

/// An answer in place of one that cannot be sent is one to `HEAD` as well.
#[tokio::test]
async fn head_has_no_body_whatever_has_become_of_its_answer() {
    for (name, service, _server) in ways(&app).await.unwrap() {
        let (status, _, body) = sent(&service, &Method::HEAD, "/odd").await;
        assert!(body.is_empty(), "{name}: {status} {body}");
    }
}

#[tokio::test]
async fn headers_of_a_connection_are_not_said_to_a_gateway() {
    #[lift::handler(GET, "/hop")]
    async fn hop() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (CONNECTION.as_str(), "X-Hop , close"),
            ("connection", ", x-other"),
            ("x-hop", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("te", "trailers"),
            ("trailer", "x-end"),
            ("upgrade", "h2c"),
            ("x-end", "1"),
        ] {
            headers.append(http::HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }
    let app = || App::new("sent").handlers(lift::handlers![hop]);
    for (_, way) in Way::all() {
        let mut service = app().test().start().await.unwrap();
        service.way = Way::Event(way);
        let response = service.get("/hop").await.unwrap();
        let named = ["x-hop", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "connection"];
        assert!(named.iter().all(|name| response.header(name).is_none()), "{response:?}");
        assert_eq!(response.header("x-end"), Some("1"));
    }
}

#[lift::handler(POST, "/take/json")]
async fn take_json(_: crate::extract::Json<String>) {}

#[lift::handler(POST, "/take/bytes")]
async fn take_bytes(_: Bytes) {}

#[lift::handler(POST, "/take/text")]
async fn take_text(_: Result<String, axum::extract::rejection::StringRejection>) -> StatusCode {
    StatusCode::ACCEPTED
}

#[lift::handler(POST, "/take/form")]
async fn take_form(_: crate::extract::Form<Vec<(String, String)>>) {}

#[lift::handler(POST, "/take/axums")]
async fn take_axums(_: axum::Json<String>) {}

#[lift::handler(POST, "/take/body")]
async fn take_body(body: Body) -> String {
    body.collect().await.unwrap().to_bytes().len().to_string()
}

#[lift::handler(POST, "/take/nothing")]
async fn take_nothing() -> &'static str {
    "nothing"
}

/// All that a server sends until it closes the connection; it gets the body once it asks for that.
async fn exchange(address: std::net::SocketAddr, head: String, body: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut sent = body.is_empty();
    loop {
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_buf(&mut answer));
        let read = read.await.expect("an answer").unwrap_or(0);
        let text = String::from_utf8_lossy(&answer);
        if !sent && text.contains("100 Continue") {
            stream.write_all(body).await.unwrap();
            sent = true;
        } else if read == 0 {
            return text.into_owned();
        }
    }
}

fn head(path: &str, kind: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         expect: 100-continue\r\nconnection: close\r\n\r\n"
    )
}

#[tokio::test]
async fn a_body_that_is_too_large_by_its_own_word_is_refused_before_it_is_read() {
    use axum::extract::DefaultBodyLimit;
    let large =
        || lift::handlers![take_json, take_bytes, take_text, take_form, take_axums, take_body, take_nothing];
    let start = async |handlers| {
        let cors = tower_http::cors::CorsLayer::permissive();
        let app = App::new("limits").handlers(handlers).http_layer(cors);
        let service = app.test().start().await.unwrap();
        let (address, stop) = serve(&service).await.unwrap();
        (address, stop, service)
    };
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let (address, _stop, _service) = start(large()).await;
    let above = 6 * 1024 * 1024 + 1;
    for (path, kind) in
        [("/take/json", json), ("/take/bytes", ""), ("/take/form", form), ("/take/axums", json)]
    {
        for length in [above, usize::MAX / 2] {
            let answer = exchange(address, head(path, kind, length), b"").await;
            assert!(
                answer.starts_with("HTTP/1.1 413 ") && !answer.contains("100 Continue"),
                "{path}: {answer}"
            );
            assert!(answer.contains("access-control-allow-origin: *"), "{path}: {answer}");
            assert!(answer.contains("BODY_TOO_LARGE"), "{path}: {answer}");
        }
    }
    let caught = exchange(address, head("/take/text", "", above), b"").await;
    assert!(caught.starts_with("HTTP/1.1 202 "), "{caught}");
    let ignored = exchange(address, head("/take/nothing", "", above), b"").await;
    assert!(ignored.starts_with("HTTP/1.1 200 ") && ignored.ends_with("nothing"), "{ignored}");
    // One that takes the body as it comes reads as much as it likes.
    let body = vec![b'x'; above];
    let whole = exchange(address, head("/take/body", "", above), &body).await;
    assert!(whole.contains("100 Continue") && whole.ends_with(&above.to_string()), "{whole}");
    let fits = exchange(address, head("/take/bytes", "", above - 1), &body[1..]).await;
    assert!(fits.contains("100 Continue") && fits.contains("HTTP/1.1 200 "), "{fits}");

    // The limit is whichever is in force.
    let (address, _stop, _service) = start(large().layer(DefaultBodyLimit::max(10))).await;
    let answer = exchange(address, head("/take/bytes", "", 11), b"").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let fits = exchange(address, head("/take/bytes", "", 10), b"0123456789").await;
    assert!(fits.contains("HTTP/1.1 200 "), "{fits}");
    let (address, _stop, _service) = start(large().layer(DefaultBodyLimit::disable())).await;
    let fits = exchange(address, head("/take/bytes", "", above), &body).await;
    assert!(fits.contains("100 Continue") && fits.contains("HTTP/1.1 200 "), "{fits}");
}
