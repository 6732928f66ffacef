//! What an order is. Values that are wrong cannot be made, so nothing else checks them.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An order as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: Uuid,
    pub customer: String,
    pub item: String,
    pub quantity: u32,
    pub status: Status,
}

/// Where an order is between its making and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Open,
    Cancelled,
}

/// What a client sends to make an order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    pub customer: Name,
    pub item: Name,
    pub quantity: Quantity,
}

impl NewOrder {
    /// The open order that it asks for.
    pub fn into_order(self, id: Uuid) -> Order {
        let Self { customer, item, quantity } = self;
        Order { id, customer: customer.0, item: item.0, quantity: quantity.0, status: Status::Open }
    }
}

/// 1 to 100 characters that are not all blank.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(pub String);

impl TryFrom<String> for Name {
    type Error = Wrong;

    fn try_from(text: String) -> Result<Self, Wrong> {
        let text = text.trim();
        if (1..=100).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong("must have 1 to 100 characters"))
        }
    }
}

/// 1 to 1,000 pieces.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub struct Quantity(pub u32);

impl TryFrom<u32> for Quantity {
    type Error = Wrong;

    fn try_from(pieces: u32) -> Result<Self, Wrong> {
        if (1..=1000).contains(&pieces) { Ok(Self(pieces)) } else { Err(Wrong("must be between 1 and 1000")) }
    }
}

/// What is wrong with a value; the client reads it beside the field's name.
#[derive(Debug)]
pub struct Wrong(&'static str);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
