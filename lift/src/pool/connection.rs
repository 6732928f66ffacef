use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::ledger::Place;
use crate::clock::Moment;
use crate::resource::{CloseReason, Counters, Resource};

/// Closes connections off everybody's path, and is awaited at shutdown.
#[derive(Clone)]
pub(super) struct Closer {
    cleanups: TaskTracker,
    counters: Arc<Counters>,
}

impl Closer {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { cleanups: TaskTracker::new(), counters }
    }

    fn close<R: Resource>(&self, resource: R, reason: CloseReason) {
        self.counters.closed(reason);
        // Without a runtime the process is ending and only `Drop` is left.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.cleanups.spawn_on(resource.cleanup(), &runtime);
        }
    }

    /// Waits until every cleanup has run.
    pub(super) async fn finished(&self) {
        self.cleanups.close();
        self.cleanups.wait().await;
        self.cleanups.reopen();
    }
}

/// One connection. However it leaves, it gives its place back and its cleanup runs, once.
pub(super) struct Connection<R> {
    // `None` only while dropping.
    resource: Option<R>,
    closer: Closer,
    /// [`Closer::close`] of `R`, so that neither this type nor a lease needs to know that `R` is a resource.
    close: fn(&Closer, R, CloseReason),
    /// Why it will be closed, should it be dropped now.
    pub(super) reason: CloseReason,
    /// Why it must not be lent again.
    pub(super) unusable: Option<CloseReason>,
    created: Moment,
    /// How long it may live, its own part of the jitter taken off.
    lifetime: Duration,
    /// When it was last known to work.
    pub(super) returned: Moment,
    pub(super) place: Place,
}

impl<R: Resource> Connection<R> {
    pub(super) fn new(resource: R, now: Moment, lifetime: Duration, closer: Closer, place: Place) -> Self {
        let reason = CloseReason::Closed;
        Self {
            resource: Some(resource),
            closer,
            close: Closer::close,
            reason,
            unusable: None,
            created: now,
            lifetime,
            returned: now,
            place,
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.resource.as_ref().is_some_and(R::is_valid)
    }
}

impl<R> Connection<R> {
    pub(super) fn get(&self) -> Option<&R> {
        self.resource.as_ref()
    }

    pub(super) fn get_mut(&mut self) -> Option<&mut R> {
        self.resource.as_mut()
    }

    pub(super) fn is_expired(&self, now: Moment) -> bool {
        now.since(self.created) >= self.lifetime
    }

    /// Closes it for a reason.
    #[allow(clippy::boxed_local)] // it is boxed wherever it is closed
    pub(super) fn close(mut self: Box<Self>, reason: CloseReason) {
        self.reason = reason;
    }
}

impl<R> Drop for Connection<R> {
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            (self.close)(&self.closer, resource, self.reason);
        }
    }
}
