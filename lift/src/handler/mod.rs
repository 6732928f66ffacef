//! Annotated functions, their arguments and the one generic call behind them.

mod answer;
mod argument;
mod body_limit;
mod call;
mod endpoint;
mod form;
mod hidden;
mod json;
#[doc(hidden)]
pub mod kind;
mod list;
mod meta;
mod normal;
mod path;
mod query;
pub(crate) mod router;
#[doc(hidden)]
pub mod scope;
mod unique;

pub use answer::Answer;
pub use argument::{Early, Last};
pub use axum_core::extract::Request;
pub use axum_core::response::{IntoResponse, Response};
pub use call::*;
pub(crate) use endpoint::{Endpoint, Uncalled, Wrap, wrap};
pub use endpoint::{IntoRoute, Route};
pub use form::Form;
pub use json::Json;
pub(crate) use json::is_json;
pub use list::{Entry, Handlers, Listed};
pub use meta::{HandlerMeta, Trigger};
pub(crate) use normal::normal;
pub use path::{FromPath, MatchedPath, Path, PathArg};
pub use query::Query;
pub use unique::assert_unique;

use futures_util::future::BoxFuture;

use crate::error::Catalog;
use crate::resource::Requirements;

/// A function with a trigger; `#[lift::handler]` implements it for the function's companion type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "add `#[lift::handler(GET, \"/path\")]` to the function"
)]
pub trait Handler: Sized + 'static {
    /// Its name, trigger and keys.
    const META: HandlerMeta;

    /// What its error tells, as far as that is known.
    const ERRORS: Catalog = Catalog::EMPTY;

    /// Notes the resources that its arguments take.
    fn declare(requirements: &mut Requirements);

    /// The type that stands behind `impl IntoResponse`, if an `Err` inside of it would be answered as a success.
    #[doc(hidden)]
    fn hidden() -> Option<&'static str> {
        None
    }

    /// Takes its arguments from the request and calls it.
    fn call(request: Request) -> BoxFuture<'static, Response>;

    /// Its entry in a list: one constant, so that what is no handler is told once.
    #[doc(hidden)]
    const LISTED: Listed = Listed::of::<Self>();
}
