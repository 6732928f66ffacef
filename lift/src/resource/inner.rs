//! What a newtype that opens itself takes over from the value inside it, when that is a resource: decided by the type system.
//!
//! Generated code writes `(&Inner::<T>::new()).__lift_is_valid(&self.0)`. Method lookup tries the reference first, so
//! [`OfResource`] answers where its bound holds, and [`OfValue`] elsewhere.

use std::future::{Future, ready};
use std::marker::PhantomData;

use super::Resource;

/// Stands for the type of the value inside a newtype.
pub struct Inner<T>(PhantomData<fn() -> T>);

impl<T> Inner<T> {
    /// For the type `T`.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The inner value is a resource.
pub trait OfResource<T: Resource> {
    /// Told to the resource.
    fn __lift_opened(&self, inner: &mut T) {
        inner.opened();
    }

    /// Judged by the resource.
    fn __lift_is_valid(&self, inner: &T) -> bool {
        inner.is_valid()
    }

    /// Checked by the resource.
    fn __lift_health_check<E>(&self, inner: &mut T) -> impl Future<Output = Result<(), E>> + Send
    where
        T::Error: Into<E>,
    {
        async { inner.health_check().await.map_err(Into::into) }
    }

    /// Closed by the resource.
    fn __lift_cleanup(&self, inner: T) -> impl Future<Output = ()> + Send {
        inner.cleanup()
    }
}

impl<T: Resource> OfResource<T> for Inner<T> {}

/// The inner value is anything else.
pub trait OfValue<T> {
    /// Of no interest to it.
    fn __lift_opened(&self, _: &mut T) {}

    /// Always.
    fn __lift_is_valid(&self, _: &T) -> bool {
        true
    }

    /// Always well.
    fn __lift_health_check<E: Send>(&self, _: &mut T) -> impl Future<Output = Result<(), E>> + Send {
        ready(Ok(()))
    }

    /// Dropped.
    fn __lift_cleanup(&self, inner: T) -> impl Future<Output = ()> + Send {
        drop(inner);
        ready(())
    }
}

impl<T> OfValue<T> for &Inner<T> {}
