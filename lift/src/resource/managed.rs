use futures_util::future::BoxFuture;

use super::{ResourceSpec, Warm};
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

    /// Whether it has been opened at least once.
    fn initialized(&self) -> bool;

    /// Opens what `warm` asks for.
    fn start(&self) -> BoxFuture<'_, Result<(), BoxError>>;

    /// One round trip.
    fn check(&self) -> BoxFuture<'_, Result<Judgement, BoxError>>;

    /// Refuses new borrowers from now on.
    fn refuse(&self);

    /// Closes it and waits for every cleanup.
    fn close(&self) -> BoxFuture<'_, ()>;
}
