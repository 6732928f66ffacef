//! Parts of the way of an event of an HTTP API, lift's and the peers'.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use axum::body::Body;
use benches::Contender;
use bytes::Bytes;
use function_model::{Order, Receipt};
use http::Request;
use http::header::CONTENT_TYPE;
use lambda_http::request::LambdaRequest;
use lambda_runtime::tower::ServiceExt;
use lift::App;
use lift::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::contenders::{self, contender, runtime};
use super::sources::HTTP_API;

/// Reads nothing and answers nothing.
#[lift::handler(POST, "/orders/ord-12345")]
async fn nothing() {}

/// Reads the path, and answers with JSON.
#[lift::handler(POST, "/orders/{id}")]
async fn no_body(id: String) -> Json<Receipt> {
    let (sku, currency) = ("WIDGET-9001".to_owned(), "EUR".to_owned());
    Json(Receipt { id, sku, quantity: 3, total_cents: 5997, currency, gift: false })
}

/// Each part; a round is so many times.
pub(crate) fn parts(times: usize) -> Vec<(&'static str, Contender)> {
    let event = Bytes::from_static(HTTP_API.as_bytes());
    let lift = |app: App| contender(times, contenders::lift(app, &event));
    vec![
        ("lift", lift(function_lift::app())),
        (
            "lift, with a handler that reads no body",
            lift(App::new("bench").handlers(lift::handlers![no_body])),
        ),
        (
            "lift, with a handler that does nothing",
            lift(App::new("bench").handlers(lift::handlers![nothing])),
        ),
        ("lift, from a request to a response", contender(times, request_to_response())),
        ("axum's router, from a request to a response", contender(times, router())),
        ("the handler, from JSON to JSON", contender(times, handler())),
        ("`ApiGatewayV2httpRequest` from JSON", contender(times, plain::<ApiGatewayV2httpRequest>(&event))),
        (
            "the same, by lambda_runtime's deserializer",
            contender(times, with_path::<ApiGatewayV2httpRequest>(&event)),
        ),
        (
            "lambda_http's `LambdaRequest`, by lambda_runtime's deserializer",
            contender(times, with_path::<LambdaRequest>(&event)),
        ),
    ]
}

/// The body of the event.
fn body() -> Bytes {
    let event: Value = serde_json::from_str(HTTP_API).unwrap();
    event["body"].as_str().unwrap().to_owned().into()
}

/// With what the test host does to make a request.
fn request_to_response() -> impl AsyncFnMut() -> Bytes {
    let service = runtime().block_on(function_lift::app().test().start()).unwrap();
    let body = body();
    async move || {
        let request = service.post("/orders/ord-12345").header("content-type", "application/json");
        request.body(body.clone()).await.unwrap().bytes().clone()
    }
}

fn router() -> impl AsyncFnMut() -> Bytes {
    let (router, body) = (function_axum::router(""), body());
    async move || {
        let request = Request::post("/orders/ord-12345").header(CONTENT_TYPE, "application/json");
        let response = router.clone().oneshot(request.body(Body::from(body.clone())).unwrap()).await.unwrap();
        axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()
    }
}

fn handler() -> impl AsyncFnMut() -> Bytes {
    let body = body();
    async move || {
        let order: Order = serde_json::from_slice(&body).unwrap();
        serde_json::to_vec(&Receipt::new("ord-12345".to_owned(), order)).unwrap().into()
    }
}

fn plain<E: DeserializeOwned>(event: &Bytes) -> impl AsyncFnMut() -> Bytes + use<E> {
    let event = event.clone();
    async move || {
        std::hint::black_box(serde_json::from_slice::<E>(&event).unwrap());
        Bytes::new()
    }
}

fn with_path<E: DeserializeOwned>(event: &Bytes) -> impl AsyncFnMut() -> Bytes + use<E> {
    let event = event.clone();
    async move || {
        let mut json = serde_json::Deserializer::from_slice(&event);
        std::hint::black_box(serde_path_to_error::deserialize::<_, E>(&mut json).unwrap());
        Bytes::new()
    }
}
