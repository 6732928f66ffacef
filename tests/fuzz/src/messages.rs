//! WebSocket messages, events by their matchers, direct invokes.
#![no_main]

mod service;

use lift::event::RequestContext;
use lift::prelude::*;
use serde_json::Value;

#[lift::handler(ws = "$default")]
async fn message(context: RequestContext, text: String) -> String {
    format!("{:?} {text}", context.connection_id)
}

#[lift::handler(ws = "$connect")]
async fn connect(context: RequestContext<Value>) -> Json<Value> {
    Json(context.0)
}

#[lift::handler(event = "logs", matches("/awslogs/data"))]
async fn logs(event: Json<Value>) -> Json<Value> {
    event
}

#[lift::handler(event = "jobs", matches("/kind" = "job", "/a~1b/0"))]
async fn jobs(event: Json<Value>) -> Json<Value> {
    event
}

#[lift::handler(invoke = "direct")]
async fn direct(event: Json<Value>) -> Json<Value> {
    event
}

fn app() -> App {
    App::new("messages").handlers(lift::handlers![message, connect, logs, jobs, direct])
}

libfuzzer_sys::fuzz_target!(|event: &[u8]| {
    let _ = service::event(app, event);
});
