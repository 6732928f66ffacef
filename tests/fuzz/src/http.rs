//! Events of API Gateway, function URLs and load balancers.
#![no_main]

mod service;

use lift::event::RequestContext;
use lift::prelude::*;
use serde_json::Value;

#[lift::handler(POST, "/orders/{id}")]
async fn order(
    id: String,
    Query(query): Query<Vec<(String, String)>>,
    context: Option<RequestContext>,
    body: Json<Value>,
) -> Json<Value> {
    let stage = context.as_ref().and_then(|context| context.stage.clone());
    Json(serde_json::json!({"id": id, "query": query, "stage": stage, "body": body.0}))
}

#[lift::handler(GET, "/{*rest}")]
async fn any(rest: String, context: RequestContext<Value>) -> String {
    format!("{rest} {}", context.0)
}

fn app() -> App {
    App::new("http").handlers(lift::handlers![order, any])
}

libfuzzer_sys::fuzz_target!(|event: &[u8]| {
    if let Ok(answer) = service::event(app, event)
        && let Some(status) = answer.get("statusCode")
    {
        assert!((100..600).contains(&status.as_u64().expect("a number")), "{answer}");
    }
});
