//! Orders in SQLite.

use lift::prelude::*;
pub use lift::sqlite::Error;
use lift::sqlite::rusqlite::{OptionalExtension, Row};
use uuid::Uuid;

use super::StoreError;
use crate::order::{Order, Status};

/// One connection to the orders. Settings: `ORDERS_DB_URL`, `ORDERS_DB_POOL_MAX_SIZE`, …
///
/// The file is this instance's own, so it is part of readiness; a shared database should not be.
#[derive(Resource)]
#[resource(name = "orders-db", settings(url = "orders.db"), health(ready, timeout = "500ms"))]
pub struct OrdersDb(lift::sqlite::Connection);

/// Another writer holds the lock.
pub fn is_busy(error: &Error) -> bool {
    error.is_busy()
}

impl OrdersDb {
    pub async fn make_tables(&mut self) -> Result<(), StoreError> {
        let tables = "CREATE TABLE IF NOT EXISTS orders (
                id TEXT PRIMARY KEY,
                customer TEXT NOT NULL,
                item TEXT NOT NULL,
                quantity INTEGER NOT NULL,
                cancelled INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer);";
        Ok(self.call(move |db| db.execute_batch(tables)).await?)
    }

    pub async fn insert(&mut self, order: Order) -> Result<(), StoreError> {
        let insert = "INSERT INTO orders (id, customer, item, quantity) VALUES (?1, ?2, ?3, ?4)";
        self.call(move |db| {
            db.execute(insert, (order.id.to_string(), &order.customer, &order.item, order.quantity))
        })
        .await?;
        Ok(())
    }

    pub async fn find(&mut self, id: Uuid) -> Result<Option<Order>, StoreError> {
        let select = "SELECT id, customer, item, quantity, cancelled FROM orders WHERE id = ?1";
        Ok(self.call(move |db| db.query_row(select, [id.to_string()], order).optional()).await?)
    }

    /// The newest orders first, of one customer or of all.
    pub async fn list(&mut self, customer: Option<String>, limit: u32) -> Result<Vec<Order>, StoreError> {
        let select = "SELECT id, customer, item, quantity, cancelled FROM orders
                      WHERE ?1 IS NULL OR customer = ?1 ORDER BY rowid DESC LIMIT ?2";
        let list = self.call(move |db| {
            let mut statement = db.prepare_cached(select)?;
            statement.query_map((customer, limit), order)?.collect()
        });
        Ok(list.await?)
    }

    /// Whether the order was open until now.
    pub async fn cancel(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let update = "UPDATE orders SET cancelled = 1 WHERE id = ?1 AND cancelled = 0";
        Ok(self.call(move |db| db.execute(update, [id.to_string()])).await? == 1)
    }

    /// How many orders that were cancelled are gone now.
    pub async fn forget_cancelled(&mut self) -> Result<u64, StoreError> {
        let forgotten = self.call(move |db| db.execute("DELETE FROM orders WHERE cancelled = 1", [])).await?;
        Ok(forgotten as u64)
    }

    /// How many pieces are ordered and not cancelled, by item.
    pub async fn totals(&mut self) -> Result<Vec<(String, i64)>, StoreError> {
        let select = "SELECT item, sum(quantity) FROM orders WHERE cancelled = 0 GROUP BY item ORDER BY item";
        let totals = self.call(move |db| {
            db.prepare_cached(select)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        });
        Ok(totals.await?)
    }
}

fn order(row: &Row<'_>) -> Result<Order, lift::sqlite::rusqlite::Error> {
    let id: String = row.get("id")?;
    let status = if row.get("cancelled")? { Status::Cancelled } else { Status::Open };
    Ok(Order {
        id: id.parse().unwrap_or_default(),
        customer: row.get("customer")?,
        item: row.get("item")?,
        quantity: row.get("quantity")?,
        status,
    })
}

#[cfg(test)]
impl OrdersDb {
    /// A store in memory with its tables, as a double for tests.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let mut db = Self(lift::sqlite::Connection::in_memory().await?);
        db.make_tables().await?;
        Ok(db)
    }
}
