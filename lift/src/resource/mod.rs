//! Connections and clients that lift opens, checks and closes.
//!
//! Nobody registers a resource: a handler, check or start function that takes one brings it along.

mod context;
mod health;
#[doc(hidden)]
pub mod inner;
mod managed;
mod prepare;
mod registry;
mod rehearsal;
mod requirements;
mod spec;
mod stats;

use std::future::Future;

pub use context::{Context, Init};
pub(crate) use context::{Invoked, User};
pub(crate) use managed::{Judgement, Managed};
#[doc(hidden)]
pub use prepare::Preparing;
pub(crate) use registry::{Keep, Kept, Overrides, Resources, Substitute};
pub(crate) use rehearsal::{Rehearsal, note};
pub(crate) use requirements::{Function, Kind, Need, Opened, Opening, Taken};
pub use requirements::{Requirements, ResourceSet, Uses};
pub(crate) use spec::short_name;
pub use spec::{ResourceSpec, Warm};
pub use stats::{BreakerState, CloseReason, Histogram, LastFailure, Stats};
pub(crate) use stats::{Counters, Durations};

use crate::config::Settings;
use crate::error::BoxError;

/// A connection or a client that lift opens, checks and closes.
///
/// Derive it on a newtype around another resource (`struct OrdersDb(lift::sqlite::Connection)`), derive it with
/// paths to your own functions, or write it by hand. To be taken as `Shared<R>` it must also be `Clone + Sync`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource",
    label = "not a resource",
    note = "add `#[derive(lift::Resource)]` to a newtype around one, such as `struct OrdersDb(lift::sqlite::Connection);`",
    note = "a plain value that you hand over with `App::provide` is taken as `Shared<{Self}>`"
)]
pub trait Resource: Sized + Send + 'static {
    /// What is read from the settings before anything is opened.
    type Config: Settings;
    /// What opening and checking fail with.
    type Error: Into<BoxError> + Send;

    /// The resource's name, limits and defaults.
    ///
    /// By default the type's name in kebab-case and the pool's default limits.
    #[must_use]
    fn spec() -> ResourceSpec {
        ResourceSpec::of::<Self>()
    }

    /// Opens one connection, or the one shared client.
    fn initialize(
        config: &Self::Config,
        init: &Init,
    ) -> impl Future<Output = Result<Self, Self::Error>> + Send;

    /// Called once by the pool, when it is open and prepared. What was done to its session so far belongs to its opening; what
    /// is done from now on, a borrower may leave behind.
    ///
    /// One that holds another resource passes this on, as the derived ones do.
    fn opened(&mut self) {}

    /// Whether it may be lent, judged locally and without I/O, on every checkout and return: has the end of the
    /// stream been seen, is a transaction open?
    #[must_use]
    fn is_valid(&self) -> bool {
        true
    }

    /// One round trip to the other side.
    fn health_check(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Closes it. Called once for every connection that leaves, off the borrower's path, and awaited at shutdown.
    fn cleanup(self) -> impl Future<Output = ()> + Send {
        async {}
    }
}
