//! What the functions of the benchmarks read and answer.

use serde::{Deserialize, Serialize};

/// The body of `POST /orders/{id}`.
#[derive(Deserialize)]
#[allow(missing_docs)]
pub struct Order {
    pub sku: String,
    pub quantity: u32,
    pub unit_price_cents: u64,
    pub currency: String,
    pub note: String,
    pub gift: bool,
}

/// The answer to it.
#[derive(Serialize)]
#[allow(missing_docs)]
pub struct Receipt {
    pub id: String,
    pub sku: String,
    pub quantity: u32,
    pub total_cents: u64,
    pub currency: String,
    pub gift: bool,
}

impl Receipt {
    /// The receipt of an order.
    pub fn new(id: String, order: Order) -> Self {
        let total_cents = u64::from(order.quantity) * order.unit_price_cents;
        let Order { sku, quantity, currency, gift, .. } = order;
        Self { id, sku, quantity, total_cents, currency, gift }
    }
}

/// The body of a message in the queue `orders`.
#[derive(Deserialize)]
#[allow(missing_docs)]
pub struct Message {
    pub order_id: String,
    pub sku: String,
    pub quantity: u32,
    pub unit_price_cents: u64,
    pub currency: String,
    pub note: String,
}

impl Message {
    /// Takes the order in, as far as a benchmark is concerned.
    ///
    /// # Errors
    /// When nothing is ordered.
    pub fn accept(self) -> Result<(), Empty> {
        if self.quantity == 0 { Err(Empty) } else { Ok(()) }
    }
}

/// Nothing is ordered.
#[derive(Debug)]
pub struct Empty;

impl std::fmt::Display for Empty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing is ordered")
    }
}

impl std::error::Error for Empty {}
