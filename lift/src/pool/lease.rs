use std::fmt;
use std::ops::{AsyncFnOnce, Deref, DerefMut};
use std::sync::Arc;

use super::connection::Connection;
use super::core::Core;
use super::discard;
use crate::error::BoxError;
use crate::resource::{CloseReason, Resource};

/// One exclusive connection of a resource. It goes back to its pool when it is dropped.
///
/// It is closed instead of lent again when its borrower panicked, when lift dropped the handler (deadline), when a
/// call begun with [`run`](Self::run) did not finish, or when the resource says that it is no longer valid.
///
/// In a unit test [`Pooled::detached`] makes one from a value, without a pool.
pub struct Pooled<R: Resource> {
    lease: Lease<R>,
}

/// A few words without padding, which are cheap to move.
enum Lease<R: Resource> {
    // `None` only while dropping.
    Lent { connection: Option<Box<Connection<R>>>, core: Arc<Core<R>> },
    Detached(Box<R>),
}

impl<R: Resource> Pooled<R> {
    pub(super) fn lent(connection: Box<Connection<R>>, core: Arc<Core<R>>) -> Self {
        Self { lease: Lease::Lent { connection: Some(connection), core } }
    }

    /// A value that belongs to no pool, for calling a handler from a unit test.
    #[must_use]
    pub fn detached(value: R) -> Self {
        Self { lease: Lease::Detached(Box::new(value)) }
    }

    /// Runs one exchange with the other side. If it is not run to its end, whatever the reason, the connection is
    /// not lent again, because half an answer may still be on its way.
    pub async fn run<T>(&mut self, exchange: impl AsyncFnOnce(&mut R) -> T) -> T {
        let before = self.mark(Some(CloseReason::Interrupted));
        let answer = exchange(self).await;
        self.mark(before);
        answer
    }

    /// Closes the connection instead of lending it again.
    pub fn discard(mut self) {
        self.mark(Some(CloseReason::Discarded));
    }

    /// Why it must not be lent again, if so; what was said before.
    fn mark(&mut self, unusable: Option<CloseReason>) -> Option<CloseReason> {
        match &mut self.lease {
            Lease::Lent { connection: Some(connection), .. } => {
                std::mem::replace(&mut connection.unusable, unusable)
            }
            _ => None,
        }
    }

    pub(super) async fn validate(&mut self) -> Result<(), BoxError> {
        match &mut self.lease {
            Lease::Lent { connection: Some(connection), core } => {
                core.validate(connection, core.settings.validate_timeout).await
            }
            Lease::Detached(value) => value.health_check().await.map_err(Into::into),
            Lease::Lent { connection: None, .. } => Err("the connection is gone".into()),
        }
    }
}

/// Why a lease always has its resource.
const HELD: &str = "a lease holds its resource until it is dropped";

impl<R: Resource> Deref for Pooled<R> {
    type Target = R;

    #[allow(clippy::expect_used)] // see HELD
    fn deref(&self) -> &R {
        match &self.lease {
            Lease::Lent { connection, .. } => connection.as_ref().and_then(|connection| connection.get()),
            Lease::Detached(value) => Some(&**value),
        }
        .expect(HELD)
    }
}

impl<R: Resource> DerefMut for Pooled<R> {
    #[allow(clippy::expect_used)] // see HELD
    fn deref_mut(&mut self) -> &mut R {
        match &mut self.lease {
            Lease::Lent { connection, .. } => connection.as_mut().and_then(|connection| connection.get_mut()),
            Lease::Detached(value) => Some(&mut **value),
        }
        .expect(HELD)
    }
}

impl<R: Resource + fmt::Debug> fmt::Debug for Pooled<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pooled").field(&**self).finish()
    }
}

impl<R: Resource> Drop for Pooled<R> {
    fn drop(&mut self) {
        if let Lease::Lent { connection, core } = &mut self.lease
            && let Some(connection) = connection.take()
        {
            let interrupted = || discard::interrupted().then_some(CloseReason::Interrupted);
            let unusable = connection.unusable.or_else(interrupted);
            core.take_back(connection, unusable);
        }
    }
}
