use std::future::Future;

use axum_core::extract::{FromRequest, FromRequestParts, Request};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use crate::error::{self, Failure};
use crate::resource::Context;

/// A handler argument that does not read the body.
///
/// Every axum extractor that needs only the request is one: headers, query, path, resources.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken from a request here",
    label = "not a handler argument at this place",
    note = "an argument that reads the body, such as `Json<T>`, must be the last one",
    note = "connections are taken as `Pooled<R>` with `R: lift::Resource`, which `#[derive(Resource)]` writes",
    note = "shared clients and what `App::provide` was given are taken as `Shared<T>` with `T: Clone + Send + Sync`, such as `Shared<Arc<T>>`; not as axum's `State<T>`",
    note = "a type of your own is taken when it implements `lift::extract::FromRequestParts`"
)]
pub trait Early: Sized + Send {
    /// Takes it, or says what to answer.
    fn take(parts: &mut Parts) -> impl Future<Output = Result<Self, Response>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: FromRequestParts<()> + Send> Early for T {
    async fn take(parts: &mut Parts) -> Result<Self, Response> {
        T::from_request_parts(parts, &()).await.map_err(rejected)
    }
}

/// The last handler argument, which may read the body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken from a request",
    label = "not a handler argument",
    note = "a body is taken as `Json<T>` (with `T: serde::Deserialize`), `String` or `Bytes`, or as a `Result` with its rejection: `Result<Json<T>, lift::Failure>`",
    note = "connections are taken as `Pooled<R>` with `R: lift::Resource`, which `#[derive(Resource)]` writes",
    note = "shared clients and what `App::provide` was given are taken as `Shared<T>` with `T: Clone + Send + Sync`, such as `Shared<Arc<T>>`; not as axum's `State<T>`",
    note = "a type of your own is taken when it implements `lift::extract::FromRequestParts`, or `FromRequest` for the body"
)]
pub trait Last<M>: Sized + Send {
    /// Takes it, or says what to answer.
    fn take(request: Request) -> impl Future<Output = Result<Self, Response>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: FromRequest<(), M> + Send, M> Last<M> for T {
    async fn take(request: Request) -> Result<Self, Response> {
        T::from_request(request, &()).await.map_err(rejected)
    }
}

/// The request's context, for a handler that wants to know its request id or how much time is left.
impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let missing = || Failure::internal("CONTEXT_MISSING", "lift did not route this request");
        Self::of(parts).cloned().ok_or_else(missing)
    }
}

/// A rejection as a response that carries its failure.
fn rejected(rejection: impl IntoResponse) -> Response {
    error::rejected(rejection.into_response())
}
