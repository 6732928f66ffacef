//! What the service serves.

use std::collections::BTreeMap;

use lift::event::SqsMessage;
use lift::prelude::*;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::OrderError;
use crate::order::{NewOrder, Order};
use crate::store::OrdersDb;

type Created = (StatusCode, [(&'static str, String); 1], Json<Order>);

/// Takes an order.
#[lift::handler(POST, "/orders", timeout = "5s")]
pub async fn create_order(mut db: Pooled<OrdersDb>, new: Json<NewOrder>) -> Result<Created, OrderError> {
    let id = Uuid::new_v4();
    let order = new.0.into_order(id);
    db.insert(order.clone()).await?;
    Ok((StatusCode::CREATED, [("location", format!("/orders/{id}"))], Json(order)))
}

/// Shows an order.
#[lift::handler(GET, "/orders/{id}")]
pub async fn get_order(id: Uuid, mut db: Pooled<OrdersDb>) -> Result<Json<Order>, OrderError> {
    db.find(id).await?.map(Json).ok_or(OrderError::NotFound(id))
}

/// Which orders to list.
#[derive(Debug, Deserialize)]
pub struct Filter {
    customer: Option<String>,
    limit: Option<u32>,
}

/// Lists the newest orders, 20 unless `limit` says otherwise, at most 100.
#[lift::handler(GET, "/orders")]
pub async fn list_orders(
    Query(filter): Query<Filter>,
    mut db: Pooled<OrdersDb>,
) -> Result<Json<Vec<Order>>, OrderError> {
    let limit = filter.limit.unwrap_or(20).min(100);
    Ok(Json(db.list(filter.customer, limit).await?))
}

/// Cancels an open order.
#[lift::handler(POST, "/orders/{id}/cancel")]
pub async fn cancel_order(id: Uuid, mut db: Pooled<OrdersDb>) -> Result<Json<Order>, OrderError> {
    let cancelled = db.cancel(id).await?;
    let order = db.find(id).await?.ok_or(OrderError::NotFound(id))?;
    if cancelled { Ok(Json(order)) } else { Err(OrderError::Cancelled(id)) }
}

/// Counts the pieces ordered of each item; called by other functions, not over HTTP.
#[lift::handler(invoke = "order-totals")]
pub async fn order_totals(mut db: Pooled<OrdersDb>) -> Result<Json<BTreeMap<String, i64>>, OrderError> {
    Ok(Json(db.totals().await?.into_iter().collect()))
}

/// Takes an order that a partner has put into the queue; a message that comes twice is one order.
#[lift::handler(sqs = "incoming-orders", concurrency = 4, partial)]
pub async fn take_order(
    message: SqsMessage,
    mut db: Pooled<OrdersDb>,
    new: Json<NewOrder>,
) -> Result<(), OrderError> {
    let id = Uuid::parse_str(&message.message_id).unwrap_or_else(|_| Uuid::new_v4());
    if db.find(id).await?.is_none() {
        db.insert(new.0.into_order(id)).await?;
    }
    Ok(())
}

/// Forgets the orders that were cancelled.
#[lift::handler(schedule = "nightly")]
pub async fn tidy_up(mut db: Pooled<OrdersDb>) -> Result<(), OrderError> {
    db.forget_cancelled().await?;
    Ok(())
}
