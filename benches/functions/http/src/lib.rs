//! The benchmarks' function, written for lambda_http alone.

use function_model::{Order, Receipt};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Error, Request, RequestExt, Response};

/// Finds who answers, by hand.
///
/// # Errors
/// When the body is not an order.
pub async fn handle(request: Request) -> Result<Response<Body>, Error> {
    match (request.method(), request.raw_http_path().strip_prefix("/orders/")) {
        (&Method::POST, Some(id)) => place_order(id.to_owned(), request.body()),
        _ => Ok(Response::builder().status(StatusCode::NOT_FOUND).body(Body::Empty)?),
    }
}

fn place_order(id: String, body: &[u8]) -> Result<Response<Body>, Error> {
    let order: Order = serde_json::from_slice(body)?;
    let receipt = serde_json::to_string(&Receipt::new(id, order))?;
    Ok(Response::builder().header("content-type", "application/json").body(receipt.into())?)
}
