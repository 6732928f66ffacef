//! Connections that are lent out one at a time, and clients that are shared.
//!
//! A pool lies over [`deadpool`](https://docs.rs/deadpool), whose unmanaged pool queues callers fairly and loses
//! nothing on cancellation. What happens to a connection is lift's: bounded waits with a cause, validation by both
//! clocks, discarding what was interrupted, a circuit breaker, and an awaited cleanup.

mod argument;
mod breaker;
mod connection;
mod core;
pub(crate) mod discard;
mod error;
mod lease;
mod ledger;
mod managed_by;
mod parking;
mod places;
#[allow(clippy::module_inception)]
mod pool;
mod settings;
mod shared;
mod sync;
#[cfg(test)]
mod tests;

pub mod probe;

pub use argument::FromContext;
pub(crate) use argument::{declare_shared_resource, provided};
pub use error::{Cause, PoolError};
pub use lease::Pooled;
pub use managed_by::{Made, ManagedBy, ManagerSettings};
pub use pool::Pool;
pub use settings::PoolSettings;
pub use shared::Shared;

pub use crate::resource::{BreakerState, CloseReason, Histogram, Stats};
