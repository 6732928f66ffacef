//! `POST /_lift/events`: an AWS event by HTTP, for a developer's own machine.
//!
//! It is there only in a program built with the feature `dev` and started with `serve --dev`. A web page that a
//! developer has open must not reach it either: so the peer and the `Host` are this machine, there is no `Origin`, and the
//! content type is one that browsers ask about before they send it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::app::{Arrival, Service};
use crate::event::BODY_LIMIT;

/// Where events are taken.
pub(super) const PATH: &str = "/_lift/events";

/// Answers as Lambda's own API for invokes does: 200 with the function's answer, and `x-amz-function-error` beside that
/// of an invocation that failed.
pub(super) async fn answer(service: Arc<Service>, peer: SocketAddr, request: Request<Incoming>) -> Response {
    if let Err(problem) = check(peer, request.method(), request.headers()) {
        return (StatusCode::FORBIDDEN, format!("{problem}\n")).into_response();
    }
    if !service.lifecycle().has_started() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the service has not started yet\n").into_response();
    }
    let event = match Limited::new(request.into_body(), BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("the event cannot be read: {error}\n")).into_response();
        }
    };
    let arrival = Arrival::here();
    let (json, failed) = match service.event(event, &arrival).await {
        Ok(answer) => (answer.into_json(), false),
        Err(failure) => (failure.to_invoke_error().to_string().into(), true),
    };
    let mut response = Response::new(Body::from(json));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if failed {
        headers.insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    response
}

fn check(peer: SocketAddr, method: &Method, headers: &HeaderMap) -> Result<(), &'static str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or_default(),
        _ => "",
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    if method != Method::POST {
        return Err("send the event with POST");
    }
    if !peer.ip().to_canonical().is_loopback() {
        return Err("events are taken from this machine only");
    }
    if !matches!(name, Some("localhost" | "127.0.0.1" | "::1")) {
        return Err("events are taken at localhost only");
    }
    if ["forwarded", "x-forwarded-for", "x-forwarded-host"].iter().any(|name| headers.contains_key(*name)) {
        return Err("events are not taken through a proxy");
    }
    if headers.contains_key(ORIGIN) {
        return Err("events are not taken from web pages");
    }
    if text(CONTENT_TYPE).split(';').next().map(str::trim) != Some("application/json") {
        return Err("send the event with `content-type: application/json`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_on_this_machine_is_heard() {
        let loopback = "127.0.0.1:5000";
        let json = Some("application/json");
        for (peer, method, host, origin, kind, expected) in [
            (loopback, Method::POST, "localhost:3000", None, json, ""),
            ("[::1]:5000", Method::POST, "[::1]:3000", None, Some("application/json; charset=utf-8"), ""),
            ("[::ffff:127.0.0.1]:5000", Method::POST, "127.0.0.1", None, json, ""),
            (loopback, Method::GET, "localhost", None, json, "with POST"),
            ("192.0.2.1:5000", Method::POST, "localhost", None, json, "from this machine"),
            (loopback, Method::POST, "evil.example.com", None, json, "at localhost"),
            (loopback, Method::POST, "localhost.evil.example.com", None, json, "at localhost"),
            (loopback, Method::POST, "", None, json, "at localhost"),
            (loopback, Method::POST, "localhost", Some("null"), json, "web pages"),
            (loopback, Method::POST, "localhost", None, Some("text/plain"), "content-type"),
            (loopback, Method::POST, "localhost", None, None, "content-type"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            for (name, value) in [(ORIGIN, origin), (CONTENT_TYPE, kind)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            match check(peer.parse().unwrap(), &method, &headers) {
                Ok(()) => assert_eq!(expected, "", "{peer} {method} {host}"),
                Err(problem) => assert!(!expected.is_empty() && problem.contains(expected), "{problem}"),
            }
        }
    }
}
