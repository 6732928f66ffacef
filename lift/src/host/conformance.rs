//! One flow of requests, sent in every way that a request can take to an app.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum_core::body::Body;
use axum_core::extract::Request;
use axum_core::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;

use super::test::{TestHost, TestService};
use crate::app::{Arrival, Call};
use crate::error::Error;
use crate::event::{self, HttpSource};

/// A way from a client to a handler.
pub(super) enum Way {
    /// A call in this process.
    Call,
    /// An event of this source.
    Event(HttpSource),
    /// A socket of the HTTP server.
    #[cfg(feature = "server")]
    Server(std::net::SocketAddr),
}

impl Way {
    fn all() -> Vec<(&'static str, HttpSource)> {
        vec![
            ("API Gateway HTTP API (payload 2.0)", HttpSource::HttpApi),
            ("function URL", HttpSource::FunctionUrl),
            ("API Gateway REST API (payload 1.0)", HttpSource::RestApi),
            ("Application Load Balancer", HttpSource::LoadBalancer { multi_value: true }),
        ]
    }
}

/// What was answered, one request after the other.
#[derive(Default)]
pub(super) struct Transcript(Mutex<Vec<Answered>>);

#[derive(Clone)]
struct Answered {
    request: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Transcript {
    pub(super) fn note(&self, request: String, status: StatusCode, headers: &HeaderMap, body: &Bytes) {
        let answered = Answered { request, status, headers: headers.clone(), body: body.clone() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(answered);
    }

    fn lines(&self) -> Vec<Vec<String>> {
        let mut seen = Vec::new();
        let answered = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        answered.iter().map(|answered| answered.lines(&mut seen)).collect()
    }
}

/// What a connection adds, not the app.
const OF_THE_CONNECTION: [&str; 5] =
    ["connection", "content-length", "date", "keep-alive", "transfer-encoding"];

impl Answered {
    fn lines(&self, seen: &mut Vec<String>) -> Vec<String> {
        let mut headers = BTreeMap::<&str, Vec<String>>::new();
        for (name, value) in &self.headers {
            if !OF_THE_CONNECTION.contains(&name.as_str()) {
                headers
                    .entry(name.as_str())
                    .or_default()
                    .push(String::from_utf8_lossy(value.as_bytes()).into_owned());
            }
        }
        let mut lines = vec![self.request.clone(), self.status.to_string()];
        for (name, mut values) in headers {
            // Only HTTP itself keeps several of one name apart; cookies are never joined.
            if name == "set-cookie" {
                values.sort();
                lines.extend(values.iter().map(|value| format!("{name}: {value}")));
            } else {
                lines.push(format!("{name}: {}", values.join(",").replace(", ", ",")));
            }
        }
        lines.push(match std::str::from_utf8(&self.body) {
            Ok(text) => text.to_owned(),
            Err(_) => self.body.escape_ascii().to_string(),
        });
        lines.into_iter().map(|line| numbered(&line, seen)).collect()
    }
}

/// Each UUID by the order in which it came first: every app makes its own.
fn numbered(line: &str, seen: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        match rest.get(..36).filter(|candidate| uuid::Uuid::try_parse(candidate).is_ok()) {
            Some(id) => {
                let number = seen.iter().position(|other| other == id).unwrap_or_else(|| {
                    seen.push(id.to_owned());
                    seen.len() - 1
                });
                out.push_str(&format!("<uuid {}>", number + 1));
                rest = rest.get(36..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// Sends one flow of requests as events of an HTTP API, a function URL, a REST API and a load balancer, and through
/// the HTTP server, each to an app of its own, and compares status, headers and body of every answer.
///
/// Of UUIDs only the order in which they come is compared, because every app makes its own.
///
/// ```
/// use lift::prelude::*;
///
/// #[lift::handler(GET, "/hello/{name}")]
/// async fn hello(name: String) -> String {
///     format!("hello, {name}")
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> lift::Result<()> {
/// let app = || App::new("greeter").handlers(lift::handlers![hello]);
/// lift::testing::conformance(app, async |client| {
///     client.get("/hello/ada%20b?again=1&again=2").header("cookie", "a=1; b=2").await?;
///     client.get("/nowhere").await?;
///     Ok(())
/// })
/// .await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// The first answer that differs, with both forms; the flow's own error; an app that does not start.
pub async fn conformance<H: Into<TestHost>>(
    app: impl Fn() -> H,
    flow: impl AsyncFn(&TestService) -> crate::Result<()>,
) -> crate::Result<()> {
    let mut first: Option<(&'static str, Vec<Vec<String>>)> = None;
    for (name, way, _server) in ways(&app).await? {
        let name: &'static str = name;
        flow(&way).await.map_err(|error| Error::msg(format!("{name}: {error}")))?;
        let lines = way.transcript.lines();
        way.close().await;
        match &first {
            None => first = Some((name, lines)),
            Some((other, expected)) => compare((other, expected), (name, &lines))?,
        }
    }
    Ok(())
}

type Stop = Option<tokio::sync::oneshot::Sender<tokio::time::Instant>>;

async fn ways<H: Into<TestHost>>(
    app: &impl Fn() -> H,
) -> crate::Result<Vec<(&'static str, TestService, Stop)>> {
    let mut ways = Vec::new();
    #[cfg(feature = "server")]
    {
        let mut service = app().into().start().await?;
        let (address, stop) = serve(&service).await?;
        service.way = Way::Server(address);
        ways.push(("HTTP server", service, Some(stop)));
    }
    for (name, source) in Way::all() {
        let mut service = app().into().start().await?;
        service.way = Way::Event(source);
        ways.push((name, service, None));
    }
    Ok(ways)
}

fn compare(one: (&str, &[Vec<String>]), other: (&str, &[Vec<String>])) -> crate::Result<()> {
    let empty = Vec::new();
    for index in 0..one.1.len().max(other.1.len()) {
        let (a, b) = (one.1.get(index).unwrap_or(&empty), other.1.get(index).unwrap_or(&empty));
        if a != b {
            let shown = |name: &str, lines: &[String]| format!("--- {name}\n{}\n", lines.join("\n"));
            let both = shown(one.0, a) + &shown(other.0, b);
            return Err(Error::msg(format!("answer {} differs between two ways:\n{both}", index + 1)));
        }
    }
    Ok(())
}

#[cfg(feature = "server")]
async fn serve(
    service: &TestService,
) -> crate::Result<(std::net::SocketAddr, tokio::sync::oneshot::Sender<tokio::time::Instant>)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let service = service.service.clone();
    tokio::spawn(super::accept::accept(listener, stopped, move |_, _, request| {
        let call = Call { streams: true, ..super::test::call() };
        service.http(request.map(Body::new), call).response
    }));
    Ok((address, stop))
}

impl Way {
    /// Sends a request this way.
    pub(super) async fn send(&self, host: &TestService, request: Request) -> crate::Result<Response> {
        match self {
            Self::Call => Ok(host.service.http_whole(request, super::test::call()).await),
            Self::Event(source) => {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let event = event::gateway::event(*source, &head, &body).to_string();
                let request_id = head.headers.get("x-request-id").and_then(|id| id.to_str().ok());
                let mut arrival = Arrival::here();
                if let Some(id) = request_id {
                    arrival.request_id = id.into();
                }
                let answer = host.service.event(event.into(), &arrival).await;
                let answer =
                    answer.map_err(|failure| Error::msg(format!("the invocation failed: {failure:?}")))?;
                let answer = event::gateway::response(&answer.into_json());
                answer
                    .map(event::gateway::without_stage)
                    .map_err(|problem| Error::msg(format!("the answer cannot be passed on: {problem}")))
            }
            #[cfg(feature = "server")]
            Self::Server(address) => {
                let stream = tokio::net::TcpStream::connect(address).await?;
                let io = hyper_util::rt::TokioIo::new(stream);
                let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
                tokio::spawn(connection);
                Ok(sender.send_request(request).await?.map(Body::new))
            }
        }
    }
}

#[cfg(test)]
#[cfg(feature = "server")]
mod tests;
