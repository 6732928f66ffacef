//! Resources as arguments of handlers, checks and start functions.

use std::any::{Any, TypeId, type_name};
use std::future::Future;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use super::shared::Source;
use super::together::{Lender, Together};
use super::{Pool, PoolError, Pooled, Shared};
use crate::resource::{Context, Kind, Requirements, Resource, ResourceSet, Uses, note};

/// What a function can take from its [`Context`] alone: resources and provided values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource argument",
    label = "not a resource argument",
    note = "checks and start functions take `Pooled<R>`, `Pool<R>` or `Shared<T>`, or an `Option` or `Result<_, PoolError>` of them"
)]
pub trait FromContext: Sized + Send {
    /// Takes it.
    fn from_context(context: &Context) -> impl Future<Output = Result<Self, PoolError>> + Send;
}

/// Nothing declares the value behind an argument.
pub(super) fn undeclared<T, Value: 'static>(context: &Context) -> PoolError {
    note((TypeId::of::<Value>(), type_name::<T>()));
    PoolError::Undeclared { argument: type_name::<T>(), by: context.user() }
}

impl<R: Resource> FromContext for Pool<R> {
    async fn from_context(context: &Context) -> Result<Self, PoolError> {
        Self::of(context).ok_or_else(|| undeclared::<Self, Self>(context))
    }
}

impl<R: Resource> FromContext for Pooled<R> {
    async fn from_context(context: &Context) -> Result<Self, PoolError> {
        if let Some(together) = context.kept::<Together>()
            && let Some(granted) = together.take(context).await
        {
            return granted;
        }
        Pool::of(context).ok_or_else(|| undeclared::<Self, Pool<R>>(context))?.get().await
    }
}

impl<T: Clone + Send + Sync + 'static> FromContext for Shared<T> {
    async fn from_context(context: &Context) -> Result<Self, PoolError> {
        let source: Arc<Source<T>> = context.find().ok_or_else(|| undeclared::<Self, Source<T>>(context))?;
        match &*source {
            Source::Provided(value) => Ok(Self(value.clone())),
            Source::Opened(client) => client.get(context.deadline()).await.map(Self),
        }
    }
}

impl<T: FromContext> FromContext for Option<T> {
    async fn from_context(context: &Context) -> Result<Self, PoolError> {
        Ok(T::from_context(context).await.ok())
    }
}

impl<T: FromContext> FromContext for Result<T, PoolError> {
    async fn from_context(context: &Context) -> Result<Self, PoolError> {
        Ok(T::from_context(context).await)
    }
}

/// Gives back what was granted to a call that has taken all its arguments, and that it did not take.
pub(crate) fn settle(context: &Context) {
    if let Some(together) = context.kept::<Together>() {
        together.settle();
    }
}

/// A value for `Shared<T>` arguments, as the registry keeps it.
pub(crate) fn provided<T: Clone + Send + Sync + 'static>(value: T) -> (TypeId, Arc<dyn Any + Send + Sync>) {
    (TypeId::of::<Source<T>>(), Arc::new(Source::Provided(value)))
}

pub(crate) fn declare_shared_resource<R: Resource + Clone + Sync>(requirements: &mut Requirements) {
    let open = Some((R::spec as fn() -> _, Shared::<R>::open as _));
    requirements.need(TypeId::of::<Source<R>>(), type_name::<Shared<R>>(), Kind::Shared, open);
}

impl<R: Resource> ResourceSet for Pooled<R> {
    fn declare(requirements: &mut Requirements) {
        let open = (R::spec as fn() -> _, Pool::<R>::open as _);
        let lender = || -> Box<dyn Any> { Box::new(Lender::of::<R>()) };
        requirements.need_connection(TypeId::of::<Pool<R>>(), type_name::<Self>(), open, lender);
    }
}

impl<R: Resource> ResourceSet for Pool<R> {
    fn declare(requirements: &mut Requirements) {
        let open = Some((R::spec as fn() -> _, Self::open as _));
        requirements.need(TypeId::of::<Self>(), type_name::<Self>(), Kind::Pool, open);
    }
}

impl<T: Clone + Send + Sync + 'static> ResourceSet for Shared<T> {
    fn declare(requirements: &mut Requirements) {
        requirements.need(TypeId::of::<Source<T>>(), type_name::<Self>(), Kind::Shared, None);
    }
}

impl<T: ResourceSet> ResourceSet for Option<T> {
    fn declare(requirements: &mut Requirements) {
        T::declare(requirements);
    }
}

impl<T: ResourceSet, E> ResourceSet for Result<T, E> {
    fn declare(requirements: &mut Requirements) {
        T::declare(requirements);
    }
}

impl<R: Resource> Uses for Pooled<R> {
    type Resources = Self;
}

impl<R: Resource> Uses for Pool<R> {
    type Resources = Self;
}

impl<T: Clone + Send + Sync + 'static> Uses for Shared<T> {
    type Resources = Self;
}

impl<T: Uses> Uses for Option<T> {
    type Resources = T::Resources;
}

impl<T: Uses, E> Uses for Result<T, E> {
    type Resources = T::Resources;
}

macro_rules! tuples {
    ($($($item:ident)+;)+) => {$(
        impl<$($item: ResourceSet),+> ResourceSet for ($($item,)+) {
            fn declare(requirements: &mut Requirements) {
                $($item::declare(requirements);)+
            }
        }

        impl<$($item: Uses),+> Uses for ($($item,)+) {
            type Resources = ($($item::Resources,)+);
        }
    )+};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

async fn from_parts<T: FromContext>(parts: &Parts) -> Result<T, PoolError> {
    match Context::of(parts) {
        Some(context) => T::from_context(context).await,
        None => {
            Err(PoolError::Undeclared { argument: type_name::<T>(), by: "a request that lift did not route" })
        }
    }
}

macro_rules! extractors {
    ($($argument:ident<$generic:ident: $($bound:path),+>)+) => {$(
        impl<$generic, S> FromRequestParts<S> for $argument<$generic>
        where
            $generic: $($bound +)+ 'static,
            S: Send + Sync,
        {
            type Rejection = PoolError;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PoolError> {
                from_parts(parts).await
            }
        }

        /// `None` when there is no connection.
        impl<$generic, S> OptionalFromRequestParts<S> for $argument<$generic>
        where
            $generic: $($bound +)+ 'static,
            S: Send + Sync,
        {
            type Rejection = std::convert::Infallible;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
                Ok(from_parts(parts).await.ok())
            }
        }
    )+};
}

extractors! {
    Pooled<R: Resource>
    Pool<R: Resource>
    Shared<T: Clone, Send, Sync>
}
