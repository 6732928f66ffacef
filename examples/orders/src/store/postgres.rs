//! Orders in PostgreSQL.

pub use lift::postgres::Error;
use lift::postgres::Row;
use lift::prelude::*;
use uuid::Uuid;

use super::StoreError;
use crate::order::{Order, Status};

/// One connection to the orders. Settings: `ORDERS_DB_URL` (`postgres://…`), `ORDERS_DB_POOL_MAX_SIZE`, …
///
/// All instances share the database, so it is no part of their readiness.
#[derive(Resource)]
#[resource(name = "orders-db", health(timeout = "500ms"))]
pub struct OrdersDb(lift::postgres::Connection);

/// A lock, a time-out or the way to the server: a retry may succeed.
pub fn is_busy(error: &Error) -> bool {
    error.is_connection() || error.is_timeout() || error.is_serialization_failure()
}

impl OrdersDb {
    pub async fn make_tables(&mut self) -> Result<(), StoreError> {
        let tables = "CREATE TABLE IF NOT EXISTS orders (
                id uuid PRIMARY KEY,
                number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
                customer text NOT NULL,
                item text NOT NULL,
                quantity bigint NOT NULL,
                cancelled boolean NOT NULL DEFAULT false
            );
            CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer);";
        self.transaction(async |tx| {
            // Instances that start together would each find the table missing.
            tx.execute("SELECT pg_advisory_xact_lock(hashtext('orders'))", &[]).await?;
            Ok(tx.batch(tables).await?)
        })
        .await
    }

    pub async fn insert(&mut self, order: Order) -> Result<(), StoreError> {
        let insert = "INSERT INTO orders (id, customer, item, quantity) VALUES ($1, $2, $3, $4)";
        let quantity = i64::from(order.quantity);
        self.execute(insert, &[&order.id, &order.customer, &order.item, &quantity]).await?;
        Ok(())
    }

    pub async fn find(&mut self, id: Uuid) -> Result<Option<Order>, StoreError> {
        let select = "SELECT id, customer, item, quantity, cancelled FROM orders WHERE id = $1";
        Ok(self.query_opt(select, &[&id]).await?.as_ref().map(order).transpose()?)
    }

    /// The newest orders first, of one customer or of all.
    pub async fn list(&mut self, customer: Option<String>, limit: u32) -> Result<Vec<Order>, StoreError> {
        let select = "SELECT id, customer, item, quantity, cancelled FROM orders
                      WHERE $1::text IS NULL OR customer = $1 ORDER BY number DESC LIMIT $2";
        let rows = self.query(select, &[&customer, &i64::from(limit)]).await?;
        Ok(rows.iter().map(order).collect::<Result<_, _>>()?)
    }

    /// Whether the order was open until now.
    pub async fn cancel(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let update = "UPDATE orders SET cancelled = true WHERE id = $1 AND NOT cancelled";
        Ok(self.execute(update, &[&id]).await? == 1)
    }

    /// How many orders that were cancelled are gone now.
    pub async fn forget_cancelled(&mut self) -> Result<u64, StoreError> {
        Ok(self.execute("DELETE FROM orders WHERE cancelled", &[]).await?)
    }

    /// How many pieces are ordered and not cancelled, by item.
    pub async fn totals(&mut self) -> Result<Vec<(String, i64)>, StoreError> {
        let select = "SELECT item, sum(quantity)::bigint FROM orders
                      WHERE NOT cancelled GROUP BY item ORDER BY item";
        let rows = self.query(select, &[]).await?;
        let total = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        Ok(rows.iter().map(total).collect::<Result<_, Error>>()?)
    }
}

fn order(row: &Row) -> Result<Order, Error> {
    let status = if row.try_get("cancelled")? { Status::Cancelled } else { Status::Open };
    let quantity: i64 = row.try_get("quantity")?;
    Ok(Order {
        id: row.try_get("id")?,
        customer: row.try_get("customer")?,
        item: row.try_get("item")?,
        quantity: u32::try_from(quantity).unwrap_or(u32::MAX),
        status,
    })
}
