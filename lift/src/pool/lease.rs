use std::fmt;
use std::ops::{AsyncFnOnce, Deref, DerefMut};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::connection::Connection;
use super::discard;
use crate::error::BoxError;
use crate::resource::{CloseReason, Resource};

/// One exclusive connection of a resource. It goes back to its pool when it is dropped.
///
/// It is closed instead of lent again when its borrower panicked, when lift dropped the handler (deadline), when a
/// call begun with [`run`](Self::run) did not finish, or when the resource says that it is no longer valid.
///
/// In a unit test [`Pooled::detached`] makes one from a value, without a pool.
// Without a bound: `Pooled<String>` in a signature would be told four times, wherever the type is written or dropped.
pub struct Pooled<R> {
    lease: Lease<R>,
}

/// A few words without padding, which are cheap to move.
enum Lease<R> {
    // `None` only while dropping.
    Lent(Option<Lent<R>>),
    Detached(Option<Box<R>>),
}

struct Lent<R> {
    connection: Box<Connection<R>>,
    home: Arc<dyn Home<R>>,
}

/// Where a lent connection goes back to.
pub(super) trait Home<R>: Send + Sync {
    fn take_back(self: Arc<Self>, connection: Box<Connection<R>>, unusable: Option<CloseReason>);

    /// Lets a connection out of the pool.
    fn part_with(self: Arc<Self>, connection: Box<Connection<R>>) -> Option<R>;

    /// One round trip, bounded.
    fn validate<'a>(&'a self, connection: &'a mut Connection<R>) -> BoxFuture<'a, Result<(), BoxError>>;
}

impl<R: Resource> Pooled<R> {
    pub(super) fn lent(connection: Box<Connection<R>>, home: Arc<dyn Home<R>>) -> Self {
        Self { lease: Lease::Lent(Some(Lent { connection, home })) }
    }

    /// A value that belongs to no pool, for calling a handler from a unit test.
    #[must_use]
    pub fn detached(value: R) -> Self {
        Self { lease: Lease::Detached(Some(Box::new(value))) }
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

    /// Takes the connection out of its pool, which then has room for another one. Nothing closes it but its `Drop`, or a call
    /// of [`cleanup`](Resource::cleanup).
    #[must_use]
    #[allow(clippy::expect_used)] // see HELD
    pub fn take(mut self) -> R {
        match &mut self.lease {
            Lease::Lent(lent) => lent.take().and_then(|lent| lent.home.part_with(lent.connection)),
            Lease::Detached(value) => value.take().map(|value| *value),
        }
        .expect(HELD)
    }

    /// Gives it back untouched, so that whatever ends the call is no reason to close it.
    pub(super) fn give_back(mut self) {
        if let Lease::Lent(lent) = &mut self.lease
            && let Some(Lent { connection, home }) = lent.take()
        {
            home.take_back(connection, None);
        }
    }

    /// Why it must not be lent again, if so; what was said before.
    fn mark(&mut self, unusable: Option<CloseReason>) -> Option<CloseReason> {
        match &mut self.lease {
            Lease::Lent(Some(lent)) => std::mem::replace(&mut lent.connection.unusable, unusable),
            _ => None,
        }
    }

    pub(super) async fn validate(&mut self) -> Result<(), BoxError> {
        // Whoever gives up on the answer must not leave it to the next borrower.
        let before = self.mark(Some(CloseReason::Interrupted));
        let checked = match &mut self.lease {
            Lease::Lent(Some(lent)) => lent.home.validate(&mut lent.connection).await,
            Lease::Detached(Some(value)) => value.health_check().await.map_err(crate::error::boxed),
            Lease::Lent(None) | Lease::Detached(None) => Err("the connection is gone".into()),
        };
        self.mark(before);
        checked
    }
}

/// Why a lease always has its resource.
const HELD: &str = "a lease holds its resource until it is dropped";

impl<R> Deref for Pooled<R> {
    type Target = R;

    #[allow(clippy::expect_used)] // see HELD
    fn deref(&self) -> &R {
        match &self.lease {
            Lease::Lent(lent) => lent.as_ref().and_then(|lent| lent.connection.get()),
            Lease::Detached(value) => value.as_deref(),
        }
        .expect(HELD)
    }
}

impl<R> DerefMut for Pooled<R> {
    #[allow(clippy::expect_used)] // see HELD
    fn deref_mut(&mut self) -> &mut R {
        match &mut self.lease {
            Lease::Lent(lent) => lent.as_mut().and_then(|lent| lent.connection.get_mut()),
            Lease::Detached(value) => value.as_deref_mut(),
        }
        .expect(HELD)
    }
}

impl<R: fmt::Debug> fmt::Debug for Pooled<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pooled").field(&**self).finish()
    }
}

impl<R> Drop for Pooled<R> {
    fn drop(&mut self) {
        if let Lease::Lent(lent) = &mut self.lease
            && let Some(Lent { connection, home }) = lent.take()
        {
            let interrupted = || discard::interrupted().then_some(CloseReason::Interrupted);
            let unusable = connection.unusable.or_else(interrupted);
            home.take_back(connection, unusable);
        }
    }
}
