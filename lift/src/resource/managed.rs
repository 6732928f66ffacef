use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{ResourceSpec, Stats, Warm};
use crate::error::BoxError;

/// How a resource is doing.
pub(crate) enum Judgement {
    /// A round trip worked.
    Working,
    /// It is in full use, so no connection was taken away for a check.
    Busy,
}

/// The lifecycle of a resource, whatever its type.
pub(crate) trait Managed: Send + Sync {
    /// Its name, limits and defaults.
    fn spec(&self) -> &ResourceSpec;

    /// When it is opened, after the settings have been read.
    fn warm(&self) -> Warm;

    /// Its limits for the start-up banner.
    fn describe(&self) -> String;

    /// The numbers of a pool.
    fn stats(&self) -> Option<Stats> {
        None
    }

    /// Whether it has been opened at least once.
    fn initialized(&self) -> bool;

    /// Opens what `warm` asks for.
    fn start(&self) -> BoxFuture<'_, Result<(), BoxError>>;

    /// Lets the next caller try, whatever connects said before.
    fn try_again(&self) {}

    /// One round trip, for which there is so much time. Less than it waits for a connection.
    fn check(&self, within: Duration) -> BoxFuture<'_, Result<Judgement, BoxError>>;

    /// Looks after what is idle. Never waits.
    fn maintain(&self) {}

    /// Closes what is idle without closing it for good: nothing open survives a snapshot.
    fn empty(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Refuses new borrowers from now on.
    fn refuse(&self);

    /// Closes it and waits for every cleanup.
    fn close(&self) -> BoxFuture<'_, ()>;
}
