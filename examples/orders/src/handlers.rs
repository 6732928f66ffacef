//! What the service serves.

use std::collections::BTreeMap;

use lift::prelude::*;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::OrderError;
use crate::order::{NewOrder, Order, Status};
use crate::store::OrdersDb;

type Created = (StatusCode, [(&'static str, String); 1], Json<Order>);

/// Takes an order.
#[lift::handler(POST, "/orders", timeout = "5s")]
pub async fn create_order(mut db: Pooled<OrdersDb>, new: Json<NewOrder>) -> Result<Created, OrderError> {
    let Json(NewOrder { customer, item, quantity }) = new;
    let id = Uuid::new_v4();
    let order = Order { id, customer: customer.0, item: item.0, quantity: quantity.0, status: Status::Open };
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
