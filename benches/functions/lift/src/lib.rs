//! The benchmarks' function, written for lift.

use function_model::{Message, Order, Receipt};
use lift::prelude::*;

/// Takes an order.
#[lift::handler(POST, "/orders/{id}")]
pub async fn place_order(id: String, Json(order): Json<Order>) -> Json<Receipt> {
    Json(Receipt::new(id, order))
}

/// The app, behind HTTP.
pub fn app() -> App {
    App::new("bench").handlers(lift::handlers![place_order])
}

/// Takes an order from the queue.
#[lift::handler(sqs = "orders", concurrency = 1)]
pub async fn accept(Json(message): Json<Message>) -> lift::Result<()> {
    Ok(message.accept()?)
}

/// The app, behind the queue.
pub fn queue() -> App {
    App::new("bench").handlers(lift::handlers![accept])
}
