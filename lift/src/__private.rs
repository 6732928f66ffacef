//! The only path that generated code may name. Not part of the public interface: it may change with any version.

pub use futures_util::future::BoxFuture;
pub use lift_macros::Beside;

pub use crate::config::NoSettings;
pub use crate::error::{
    BoxError, Catalog, CatalogEntry, CatalogOf, CatalogOfAnswer, Decides, Decision, Detail, Failure,
    LiftError, NoCatalog, Retry,
};
pub use crate::event::RecordKind;
pub use crate::handler::*;
pub use crate::health::{
    Check, CheckEntry, CheckKind, CheckMeta, CheckSettings, Checks, Health, assert_unique_checks,
};
pub use crate::health::{check0, check1, check2, check3, check4, check5, check6};
pub use crate::host::{MainOptions, ending, run_main};
pub use crate::pool::probe;
pub use crate::resource::{Context, Init, Preparing, Requirements, Resource, ResourceSpec, Warm, inner};

/// An error as every other, in a box or out of one.
pub trait AsError {
    /// The error.
    fn __lift_as_error(&self) -> &(dyn std::error::Error + 'static);
}

impl<E: std::error::Error + 'static> AsError for E {
    fn __lift_as_error(&self) -> &(dyn std::error::Error + 'static) {
        self
    }
}

impl AsError for dyn std::error::Error + Send + Sync + 'static {
    fn __lift_as_error(&self) -> &(dyn std::error::Error + 'static) {
        self
    }
}

impl AsError for dyn std::error::Error + 'static {
    fn __lift_as_error(&self) -> &(dyn std::error::Error + 'static) {
        self
    }
}

impl AsError for dyn std::error::Error + Send + 'static {
    fn __lift_as_error(&self) -> &(dyn std::error::Error + 'static) {
        self
    }
}

/// The response of an error that has decided; `#[derive(LiftError)]` calls this.
pub fn fail(error: impl LiftError) -> Response {
    Failure::of(error).into_response()
}

/// The failure of an error that has decided; `#[derive(LiftError)]` calls this.
pub fn failure(error: impl LiftError) -> Failure {
    Failure::of(error)
}

/// The error's own text. That it has one follows from the trait here, so that an error without `Display` is one error.
pub fn text(error: &impl LiftError) -> String {
    error.to_string()
}
