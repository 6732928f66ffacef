//! The benchmarks' function, written for axum and lambda_http.

use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use function_model::{Order, Receipt};

/// Takes an order.
pub async fn place_order(Path(id): Path<String>, Json(order): Json<Order>) -> Json<Receipt> {
    Json(Receipt::new(id, order))
}

/// The app. lambda_http puts the stage of a REST API before the path.
pub fn router(stage: &str) -> Router {
    Router::new().route(&format!("{stage}/orders/{{id}}"), post(place_order))
}
