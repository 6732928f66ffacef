use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::departure::Departures;
use super::ledger::Place;
use crate::clock::Moment;
use crate::resource::{CloseReason, Resource};
use crate::telemetry::dismiss;

/// One connection. However it ends, it [leaves](Departures::leave) the pool once.
pub(super) struct Connection<R> {
    // `None` only while dropping.
    inner: Option<Inner<R>>,
    departures: Arc<Departures>,
    /// [`Departures::leave`] of `R`, so that neither this type nor a lease needs to know that `R` is a resource.
    leave: fn(&Arc<Departures>, R, Place, CloseReason),
    /// Why it will be closed, should it be dropped now.
    pub(super) reason: CloseReason,
    /// Why it must not be lent again.
    pub(super) unusable: Option<CloseReason>,
    /// The pool's generation in which it was last found to belong there.
    pub(super) generation: u64,
    /// The how manieth of its pool it is, until somebody has had it; then 0.
    pub(super) number: u64,
    created: Moment,
    /// How long it may live, its own part of the jitter taken off.
    lifetime: Duration,
    /// When it was last known to work.
    pub(super) returned: Moment,
}

struct Inner<R> {
    resource: R,
    place: Place,
}

impl<R: Resource> Connection<R> {
    pub(super) fn new(
        resource: R,
        place: Place,
        departures: Arc<Departures>,
        (number, generation): (u64, u64),
        now: Moment,
        lifetime: Duration,
    ) -> Self {
        Self {
            inner: Some(Inner { resource, place }),
            departures,
            leave: Departures::leave,
            reason: CloseReason::Closed,
            unusable: None,
            generation,
            number,
            created: now,
            lifetime,
            returned: now,
        }
    }

    /// What its resource says; one that panics over it is of no use either.
    #[inline]
    pub(super) fn is_valid(&self) -> bool {
        let Some(resource) = self.get() else { return false };
        catch_unwind(AssertUnwindSafe(|| resource.is_valid())).unwrap_or_else(|payload| {
            dismiss(payload);
            false
        })
    }
}

impl<R> Connection<R> {
    #[inline]
    pub(super) fn get(&self) -> Option<&R> {
        self.inner.as_ref().map(|inner| &inner.resource)
    }

    #[inline]
    pub(super) fn get_mut(&mut self) -> Option<&mut R> {
        self.inner.as_mut().map(|inner| &mut inner.resource)
    }

    /// Whether it has to leave because there are too many.
    pub(super) fn is_too_many(&mut self) -> bool {
        self.inner.as_mut().is_some_and(|inner| inner.place.leave_if_too_many())
    }

    #[inline]
    pub(super) fn place(&self) -> Option<&Place> {
        self.inner.as_ref().map(|inner| &inner.place)
    }

    pub(super) fn is_expired(&self, now: Moment) -> bool {
        now.since(self.created) >= self.lifetime
    }

    /// Closes it for a reason.
    #[allow(clippy::boxed_local)] // it is boxed wherever it is closed
    pub(super) fn close(mut self: Box<Self>, reason: CloseReason) {
        self.reason = reason;
    }

    /// Takes the resource out of the pool, which then has a free place.
    #[allow(clippy::boxed_local)] // it is boxed wherever it is taken
    pub(super) fn into_resource(mut self: Box<Self>) -> Option<R> {
        let Inner { resource, place } = self.inner.take()?;
        self.departures.take(place);
        Some(resource)
    }
}

impl<R> Drop for Connection<R> {
    fn drop(&mut self) {
        if let Some(Inner { resource, place }) = self.inner.take() {
            (self.leave)(&self.departures, resource, place, self.reason);
        }
    }
}
