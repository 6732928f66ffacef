//! Connections that are lent out one at a time, and clients that are shared.
//!
//! Callers that must wait are served in the order they came, as in [`deadpool`](https://docs.rs/deadpool), and a caller
//! that goes away loses nothing; any deadpool manager plugs in as a resource. Waits are bounded and told with their
//! cause, connections validated by both clocks, what was interrupted is discarded, a circuit breaker spares a sick
//! backend, and every cleanup is awaited.

mod argument;
mod borrow;
mod breaker;
mod checkout;
mod client;
mod connecting;
mod connection;
mod core;
mod departure;
pub(crate) mod discard;
mod error;
mod lease;
mod ledger;
mod line;
mod managed_by;
mod parking;
mod places;
#[allow(clippy::module_inception)]
mod pool;
mod queue;
mod settings;
mod shared;
#[cfg_attr(lift_loom, path = "../../../tests/models/sync.rs")]
mod sync;
#[cfg(test)]
mod tests;
mod together;
mod upkeep;

pub mod probe;

pub use argument::FromContext;
pub(crate) use argument::{declare_shared_resource, provided, settle};
pub use error::{Cause, PoolError};
pub use lease::Pooled;
pub use managed_by::{Made, ManagedBy, ManagerSettings};
pub use pool::Pool;
pub use settings::PoolSettings;
pub use shared::Shared;
#[cfg(lift_loom)]
pub use sync::begin;
#[cfg(lift_loom)]
pub use together::both;
pub(crate) use together::together;

pub use crate::resource::{BreakerState, CloseReason, Histogram, LastFailure, Stats};
