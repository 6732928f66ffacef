//! Which arguments are resources: decided by the type system, aliases included.
//!
//! Generated code writes `(&&&&Probe::<T>::new()).__lift_declare(…)`. Method lookup tries the receiver with the most
//! references first, so the most telling of these traits whose bounds hold is the one that answers. Their methods
//! have names that no trait in the user's scope has, which would be asked as well.

use std::marker::PhantomData;
use std::ops::Deref;

use axum_core::extract::{FromRequest, FromRequestParts};

use super::argument::{FromContext, declare_shared_resource};
use super::{PoolError, Shared};
use crate::resource::{Rehearsal, Requirements, Resource, ResourceSet, Uses};

/// Stands for an argument type.
pub struct Probe<T>(OfBody<T>);

/// Where method lookup goes on behind a probe.
pub struct OfBody<T>(OfAny<T>);

/// Where it ends.
pub struct OfAny<T>(PhantomData<T>);

impl<T> Probe<T> {
    /// A probe of the type `T`.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(OfBody(OfAny(PhantomData)))
    }
}

impl<T> Deref for Probe<T> {
    type Target = OfBody<T>;

    fn deref(&self) -> &OfBody<T> {
        &self.0
    }
}

impl<T> Deref for OfBody<T> {
    type Target = OfAny<T>;

    fn deref(&self) -> &OfAny<T> {
        &self.0
    }
}

macro_rules! levels {
    ($($(#[$doc:meta])* $level:ident, $late:literal;)*) => {$(
        $(#[$doc])*
        pub trait $level {
            /// Notes the resources behind the argument.
            fn __lift_declare(&self, requirements: &mut Requirements);

            /// Whether the argument is taken after the body.
            fn __lift_late(&self) -> bool {
                $late
            }
        }
    )*};
}

levels! {
    /// A shared client that lift opens.
    SharedResource, true;
    /// A connection, a pool or a provided value.
    Argument, true;
    /// An extractor that takes resources, and says so.
    Extractor, false;
    /// An extractor that says nothing of resources.
    Silent, false;
    /// One that reads the body, too.
    SilentBody, false;
    /// Anything else.
    Other, false;
}

impl<R: Resource + Clone + Sync> SharedResource for &&&Probe<Shared<R>> {
    fn __lift_declare(&self, requirements: &mut Requirements) {
        declare_shared_resource::<R>(requirements);
    }
}

impl<R: Resource + Clone + Sync> SharedResource for &&&Probe<Option<Shared<R>>> {
    fn __lift_declare(&self, requirements: &mut Requirements) {
        declare_shared_resource::<R>(requirements);
    }
}

impl<R: Resource + Clone + Sync> SharedResource for &&&Probe<Result<Shared<R>, PoolError>> {
    fn __lift_declare(&self, requirements: &mut Requirements) {
        declare_shared_resource::<R>(requirements);
    }
}

impl<T: FromContext + Uses> Argument for &&Probe<T> {
    fn __lift_declare(&self, requirements: &mut Requirements) {
        T::Resources::declare(requirements);
    }
}

impl<T: Uses> Extractor for &Probe<T> {
    fn __lift_declare(&self, requirements: &mut Requirements) {
        requirements.early(T::Resources::declare);
    }
}

impl<T: FromRequestParts<()> + 'static> Silent for Probe<T> {
    fn __lift_declare(&self, requirements: &mut Requirements) {
        requirements.rehearse(Rehearsal::of_parts::<T>());
    }
}

impl<T: FromRequest<()> + 'static> SilentBody for OfBody<T> {
    fn __lift_declare(&self, requirements: &mut Requirements) {
        requirements.rehearse(Rehearsal::of_request::<T>());
    }
}

impl<T> Other for OfAny<T> {
    fn __lift_declare(&self, _: &mut Requirements) {}
}
