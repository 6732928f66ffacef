//! A service that misbehaves on request: slow, late, panicking, with answers that cannot be sent.
//!
//! Its one resource is lent to one borrower at a time and writes what happens to it into a journal, a line an event:
//! `open 0`, `begin slow 0`, `end slow 0`, `close 0`; the number is that of the connection.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Uri};
use lift::Body;
use lift::prelude::*;
use lift::resource::{Init, ResourceSpec};
use serde::Serialize;
use tests::journal::Journal;

struct Tool {
    number: usize,
    journal: Journal,
}

impl Tool {
    fn note(&self, what: impl Display) -> io::Result<()> {
        self.journal.note(&format!("{what} {}", self.number))
    }
}

impl Resource for Tool {
    type Config = Journal;
    type Error = io::Error;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("tool").max_size(1)
    }

    async fn initialize(journal: &Journal, _: &Init) -> io::Result<Self> {
        static OPENED: AtomicUsize = AtomicUsize::new(0);
        if std::env::var_os("TOOL_IS_AWAY").is_some() {
            return Err(io::Error::other("the secret is hunter2"));
        }
        let tool = Self { number: OPENED.fetch_add(1, Ordering::SeqCst), journal: journal.clone() };
        tool.note("open")?;
        Ok(tool)
    }

    async fn health_check(&mut self) -> io::Result<()> {
        Ok(())
    }

    async fn cleanup(self) {
        // Nobody can be told; the test misses the line.
        let _ = self.note("close");
    }
}

/// Which connection is lent.
#[lift::handler(GET, "/tool")]
async fn tool(tool: Pooled<Tool>) -> String {
    tool.number.to_string()
}

/// Takes as long as it is told.
#[lift::handler(GET, "/slow/{milliseconds}")]
async fn slow(milliseconds: u64, tool: Pooled<Tool>) -> lift::Result<String> {
    tool.note("begin slow")?;
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    tool.note("end slow")?;
    Ok(tool.number.to_string())
}

/// Never ends, and says so when it is dropped.
#[lift::handler(GET, "/abandoned", cancel_on_disconnect)]
async fn abandoned(tool: Pooled<Tool>) -> lift::Result<String> {
    struct Dropped(Journal);
    impl Drop for Dropped {
        fn drop(&mut self) {
            // Nobody can be told; the test misses the line.
            let _ = self.0.note("dropped abandoned");
        }
    }
    let _dropped = Dropped(tool.journal.clone());
    tool.note("begin abandoned")?;
    std::future::pending().await
}

/// A status that is no answer.
#[lift::handler(GET, "/informational/{status}")]
async fn informational(status: u16) -> lift::Result<StatusCode> {
    Ok(StatusCode::from_u16(status)?)
}

/// Never ends by itself.
#[lift::handler(GET, "/late", timeout = "200ms")]
async fn late(tool: Pooled<Tool>) -> lift::Result<String> {
    tool.note("begin late")?;
    std::future::pending::<()>().await;
    tool.note("end late")?;
    Ok(String::new())
}

/// Panics with a text that no client may read.
#[lift::handler(GET, "/panic")]
async fn panics(tool: Pooled<Tool>) -> String {
    assert!(tool.number == usize::MAX, "the secret is hunter2");
    String::new()
}

/// An error that has decided, and no text for the log.
#[derive(Debug)]
struct Speechless;

impl std::fmt::Display for Speechless {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("the secret is hunter2")
    }
}

impl std::error::Error for Speechless {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

impl LiftError for Speechless {
    fn decision(&self) -> lift::Decision {
        lift::Decision::new(503, "SPEECHLESS")
    }
}

/// Fails with it.
#[lift::handler(GET, "/speechless")]
async fn speechless(tool: Pooled<Tool>) -> Result<(), Speechless> {
    let _ = tool.number;
    Err(Speechless)
}

/// More than a connection takes at once.
const FLOOD: &str = match std::str::from_utf8(&[b'x'; 65536]) {
    Ok(text) => text,
    Err(_) => "",
};

/// A body that begins and then goes on as its name says, with a connection in its hands.
#[lift::handler(GET, "/body/{end}", timeout = "300ms")]
async fn body(end: String, tool: Pooled<Tool>) -> Body {
    let rest = stream::unfold(end, |end| async {
        let chunk = match end.as_str() {
            "whole" => return None,
            "panics" => panic!("the secret is hunter2"),
            "floods" => Ok(FLOOD),
            "fails" => Err(io::Error::other("the secret is hunter2")),
            "ticks" => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(".")
            }
            _ => std::future::pending().await,
        };
        Some((chunk, end))
    });
    let first = stream::iter([Ok("begun")]);
    Body::from_stream(first.chain(rest).map(move |chunk| {
        let _ = tool.number;
        chunk
    }))
}

/// A header that is no text.
#[lift::handler(GET, "/odd-header")]
async fn odd_header() -> lift::Result<([(&'static str, HeaderValue); 1], &'static str)> {
    Ok(([("x-odd", HeaderValue::from_bytes(b"caf\xe9")?)], "odd"))
}

/// An answer whose keys JSON does not allow.
#[lift::handler(GET, "/unwritable")]
async fn unwritable() -> Json<BTreeMap<(u8, u8), &'static str>> {
    Json(BTreeMap::from([((1, 2), "a tuple as a key")]))
}

/// What a handler sees of a request.
#[derive(Serialize)]
struct Seen {
    word: String,
    path: String,
    query: Option<String>,
    cookie: Vec<String>,
    x: Vec<String>,
}

/// Answers with what it sees, and with repeated headers.
#[lift::handler(GET, "/echo/{word}")]
async fn echo(word: String, uri: Uri, headers: HeaderMap) -> impl IntoResponse {
    let all = |name: &str| {
        headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes()).into()).collect()
    };
    let (path, query) = (uri.path().to_owned(), uri.query().map(str::to_owned));
    let repeated = [("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2"), ("vary", "accept")];
    let mut answer =
        Json(Seen { word, path, query, cookie: all("cookie"), x: all("x-word") }).into_response();
    for (name, value) in repeated {
        answer.headers_mut().append(name, HeaderValue::from_static(value));
    }
    answer
}

/// How long the body is.
#[lift::handler(POST, "/length")]
async fn length(body: String) -> String {
    body.len().to_string()
}

/// Adds up.
#[lift::handler(invoke = "sum")]
async fn sum(numbers: Json<Vec<i64>>) -> Json<i64> {
    Json(numbers.iter().sum())
}

/// Runs beside the handlers, and says so when it is dropped.
async fn ticker(tools: Pool<Tool>) -> lift::Result<()> {
    struct Dropped(Journal);
    impl Drop for Dropped {
        fn drop(&mut self) {
            // Nobody can be told; the test misses the line.
            let _ = self.0.note("dropped ticker");
        }
    }
    let tool = tools.get().await?;
    tool.note("begin ticker")?;
    let _dropped = Dropped(tool.journal.clone());
    drop(tool);
    std::future::pending().await
}

async fn say_goodbye(tool: Pooled<Tool>) -> lift::Result<()> {
    Ok(tool.note("goodbye")?)
}

/// Stands for a dependency that panics while the service is put together.
fn may_panic<S>(service: S) -> S {
    assert!(std::env::var_os("FAULTY_START_PANICS").is_none(), "a dependency's own words");
    service
}

#[lift::main]
async fn main() -> lift::Result<()> {
    let app = App::new("faulty").layer(tower_layer::layer_fn(may_panic));
    let app = match std::env::var_os("FAULTY_BESIDE") {
        Some(_) => app.background("ticker", ticker).on_stop(say_goodbye),
        None => app,
    };
    app.handlers(lift::handlers![
        tool,
        slow,
        abandoned,
        informational,
        late,
        panics,
        speechless,
        body,
        odd_header,
        unwritable,
        echo,
        length,
        sum
    ])
    .run()
    .await
}
