//! Connections that are lent out one at a time, and clients that are shared.
//!
//! A pool lies over [`deadpool`](https://docs.rs/deadpool), which queues borrowers fairly and loses nothing on
//! cancellation; lift adds what happens to a connection: bounded waits with a cause, validation by both clocks,
//! discarding what was interrupted, and an awaited cleanup.

mod argument;
mod connection;
pub(crate) mod discard;
mod error;
mod lease;
mod manager;
#[allow(clippy::module_inception)]
mod pool;
mod settings;
mod shared;

pub mod probe;

pub use argument::FromContext;
pub(crate) use argument::{declare_shared_resource, provided};
pub use error::PoolError;
pub use lease::Pooled;
pub use pool::{Pool, Stats};
pub use settings::PoolSettings;
pub use shared::Shared;
