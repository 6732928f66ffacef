//! A service for tests against the Runtime API: slow, endless, large, and with failures of every kind.
//!
//! Its one resource writes `open` and `close` into a journal, a line each, and cannot be opened while there is a file
//! `unreachable` beside the journal.

use std::io;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use lift::Body;
use lift::prelude::*;
use lift::resource::{Init, ResourceSpec};
use serde::Deserialize;
use serde_json::{Value, json};
use tests::journal::Journal;

struct Backend {
    journal: Journal,
}

impl Resource for Backend {
    type Config = Journal;
    type Error = io::Error;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("backend")
    }

    async fn initialize(journal: &Journal, _: &Init) -> io::Result<Self> {
        if journal.path().with_file_name("unreachable").exists() {
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "the backend is unreachable"));
        }
        journal.note("open")?;
        Ok(Self { journal: journal.clone() })
    }

    async fn health_check(&mut self) -> io::Result<()> {
        Ok(())
    }

    async fn cleanup(self) {
        // Nobody can be told; the test misses the line.
        let _ = self.journal.note("close");
    }
}

/// The id of the invocation, after a while.
#[lift::handler(GET, "/id/{microseconds}")]
async fn id(microseconds: u64, parts: Parts, _backend: Pooled<Backend>) -> String {
    tokio::time::sleep(Duration::from_micros(microseconds)).await;
    let id = lift::Context::of(&parts).map(|context| context.request_id().to_owned()).unwrap_or_default();
    tracing::info!(own = id, "served");
    id
}

/// Never ends by itself, and has no time-out of its own.
#[lift::handler(GET, "/never")]
async fn never(_backend: Pooled<Backend>) -> String {
    std::future::pending().await
}

/// Panics with a text that no client may read.
#[lift::handler(GET, "/panic")]
async fn panics(backend: Pooled<Backend>) -> String {
    assert!(!backend.journal.path().is_absolute(), "the secret is hunter2");
    String::new()
}

/// A body of this many bytes.
#[lift::handler(GET, "/large/{kind}/{bytes}")]
async fn large(kind: String, bytes: usize) -> impl IntoResponse {
    match kind.as_str() {
        "binary" => ([("content-type", "application/octet-stream")], vec![0xff; bytes]),
        // Each needs two bytes in JSON.
        "quotes" => ([("content-type", "text/plain")], vec![b'"'; bytes]),
        _ => ([("content-type", "text/plain")], vec![b'x'; bytes]),
    }
}

/// So many numbers, one at a time and each in a line as wide as this; with `broken` or `panic` that comes
/// instead of the last.
#[lift::handler(GET, "/stream/{lines}/{width}/{end}")]
async fn stream(lines: u32, width: usize, end: String) -> impl IntoResponse {
    let line = move |number| match end.as_str() {
        "broken" if number + 1 == lines => Err(io::Error::other("the secret is hunter2")),
        "panic" if number + 1 == lines => panic!("the secret is hunter2"),
        _ => Ok(format!("{number:>width$}\n")),
    };
    let body = Body::from_stream(futures_util::stream::iter((0..lines).map(line)));
    ([("set-cookie", "a=1"), ("content-type", "text/plain")], body)
}

/// An answer with every kind of header, and with one that is not UTF-8 when it is asked for.
#[lift::handler(GET, "/headers/{kind}")]
async fn headers(kind: String) -> (HeaderMap, &'static str) {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-disposition", "attachment; filename=\"\u{fc}.txt\""),
        ("connection", "x-hop, close"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("vary", "origin"),
        ("vary", "accept"),
        ("set-cookie", "a=\u{fc}"),
        ("set-cookie", "b=2"),
    ] {
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
    }
    if kind == "odd" {
        headers.append("x-odd", HeaderValue::from_bytes(b"\xff").expect("a value"));
    }
    (headers, "told")
}

/// What the direct invoke shall do.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    Echo(Value),
    Missing(u32),
    Busy,
    Opaque,
    Panic,
    Never,
    Large(usize),
}

#[derive(Debug, thiserror::Error, LiftError)]
enum LedgerError {
    #[error("entry {0} does not exist")]
    #[lift(status = 404, code = "ENTRY_NOT_FOUND")]
    Missing(u32),
    #[error("another writer holds the ledger")]
    #[lift(status = 503, code = "LEDGER_BUSY", retry)]
    Busy,
    #[error("the ledger refused: the secret is hunter2")]
    #[lift(internal)]
    Opaque,
}

/// The only direct invoke.
#[lift::handler(invoke = "ledger")]
async fn ledger(wish: Json<Wish>) -> Result<Json<Value>, LedgerError> {
    match wish.0 {
        Wish::Echo(value) => Ok(Json(json!({ "echo": value }))),
        Wish::Missing(number) => Err(LedgerError::Missing(number)),
        Wish::Busy => Err(LedgerError::Busy),
        Wish::Opaque => Err(LedgerError::Opaque),
        Wish::Panic => panic!("the secret is hunter2"),
        Wish::Never => std::future::pending().await,
        Wish::Large(bytes) => Ok(Json("x".repeat(bytes).into())),
    }
}

/// The trace of the invocation, where the AWS SDKs look for it.
#[lift::handler(GET, "/trace")]
async fn trace() -> String {
    std::env::var("_X_AMZN_TRACE_ID").unwrap_or_default()
}

/// Fails at start when it is told to.
async fn migrate() -> io::Result<()> {
    match std::env::var_os("MIGRATION_FAILS") {
        Some(_) => Err(io::Error::other("the secret is hunter2")),
        None => Ok(()),
    }
}

#[lift::main]
async fn main() -> lift::Result<()> {
    App::new("function")
        .on_start(migrate)
        .handlers(lift::handlers![id, never, panics, large, stream, headers, trace, ledger])
        .run()
        .await
}
