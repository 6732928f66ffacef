//! What goes wrong, decided once and told to each reader in its own form.
//!
//! An error type decides with [`LiftError`]; the decision becomes a [`Failure`] in the response's extensions; the
//! edge renders it once: problem+json for HTTP clients, a stable `errorType` for Lambda's direct callers, an
//! [`Outcome`] for queues, the whole chain for the log.

mod catalog;
pub(crate) mod class;
mod decision;
mod failure;
mod foreign;
mod mask;
mod opaque;
mod outcome;
mod problem;
mod rejection;
#[cfg(test)]
mod tests;
mod told;

pub use catalog::{Catalog, CatalogEntry, CatalogOf, CatalogOfAnswer, NoCatalog};
pub(crate) use class::Words;
pub use decision::{Decides, Decision, Detail, LiftError, Retry};
pub use failure::{Failure, FieldFault, Origin};
pub(crate) use foreign::{Foreign, Sources};
pub(crate) use mask::{masked, masked_beginning};
pub use opaque::{Error, Result};
pub use outcome::Outcome;
pub(crate) use problem::{ErrorForm, OfRecord, Telling, log, render};
pub(crate) use rejection::{NotCalled, answered, rejected};

#[cfg(feature = "lambda")]
pub(crate) use foreign::own_text;
pub(crate) use told::{Cause, boxed, chain, last_words, logged, shown, unmask_process};

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
