//! What is done with a connection before it is lent: nothing after it was idle for a moment, a look after a while, one round
//! trip after that.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::core::Core;
use super::settings::PoolSettings;
use super::sync::{self, Ordering};
use crate::clock::Moment;
use crate::config::duration_text;
use crate::error::{BoxError, boxed};
use crate::resource::{CloseReason, Resource};

/// A connection that was idle for longer, in milliseconds, has its driver run before it is judged, so that a driver task
/// can notice the end of its stream.
const DRIVER_MAY_SLEEP: u64 = 5;

/// Turns of the runtime that a driver gets: in the first the runtime looks at its sockets, in the second the driver reads.
/// One more, for another worker may have taken the driver over.
const DRIVER_TURNS: u32 = 3;

/// For how long, in milliseconds, a connection that was idle is as good as new.
pub(super) fn at_hand(settings: &PoolSettings) -> Option<u64> {
    let trusted = u64::try_from(settings.validate_after.as_millis()).unwrap_or(u64::MAX);
    (!settings.validate_after.is_zero()).then_some(DRIVER_MAY_SLEEP.min(trusted))
}

/// What became of a connection before it was lent.
pub(super) enum Prepared<R: Resource> {
    /// It may be lent, since this moment.
    Ready(Box<Connection<R>>, Moment),
    /// It is to be closed: expired, evicted or no longer valid.
    Unfit(Box<Connection<R>>, CloseReason),
    /// Its round trip failed. What is left of it, to be dropped.
    Failed(Option<Box<Connection<R>>>, BoxError),
    /// The caller's time was over before that of the round trip, which goes on without it.
    Late(BoxError),
}

impl<R: Resource> Core<R> {
    /// Whether a connection may be lent as it is: nearly always, where calls come one after the other.
    #[inline]
    pub(super) fn is_good_as_new(&self, connection: &Connection<R>, now: Moment) -> bool {
        let idle = now.millis_since(connection.returned);
        self.at_hand.is_some_and(|at_hand| idle <= at_hand)
            && self.is_current(connection)
            && connection.is_valid()
            && !connection.is_expired(now)
    }

    /// Judges a connection before it is lent; at most one round trip, and only after it was idle for long. A caller that
    /// goes away meanwhile takes nothing along.
    pub(super) async fn prepare(
        self: &Arc<Self>,
        mut connection: Box<Connection<R>>,
        new: bool,
        now: Moment,
        deadline: Instant,
    ) -> Prepared<R> {
        let idle = now.since(connection.returned);
        if let Some(reason) = self.must_leave(&mut connection, now) {
            return Prepared::Unfit(connection, reason);
        }
        let mut looked_at = LookedAt { core: self, connection: Some(connection) };
        if idle > Duration::from_millis(DRIVER_MAY_SLEEP) {
            let mut turns = 0;
            while turns < DRIVER_TURNS && looked_at.is_valid() {
                tokio::task::yield_now().await;
                turns += 1;
            }
        }
        let Some(connection) = looked_at.connection.take() else {
            // Unreachable: nobody else takes it.
            return Prepared::Failed(None, boxed("the connection is gone"));
        };
        if !connection.is_valid() {
            return Prepared::Unfit(connection, CloseReason::Invalid);
        }
        // Opening it was its round trip.
        let fresh = new && idle <= Duration::from_millis(DRIVER_MAY_SLEEP);
        if fresh || !self.wants_round_trip(idle) {
            return Prepared::Ready(connection, now);
        }
        let mut round_trip = self.round_trip(connection);
        match timeout_at(deadline, &mut round_trip.answer).await {
            Ok(Ok(Ok(connection))) => Prepared::Ready(connection, self.clock.now()),
            Ok(Ok(Err((connection, error)))) => Prepared::Failed(Some(connection), error),
            Ok(Err(_)) => Prepared::Failed(None, boxed("the round trip did not end")),
            Err(_) => Prepared::Late(boxed("the caller's time was over before the round trip's")),
        }
    }

    /// Whether a connection that was idle for so long is to answer before it is lent.
    pub(super) fn wants_round_trip(&self, idle: Duration) -> bool {
        let validate_after = self.settings.validate_after;
        validate_after.is_zero() || idle > validate_after
    }

    /// Why a connection must not be lent, as far as it shows without asking the other side.
    pub(super) fn must_leave(&self, connection: &mut Connection<R>, now: Moment) -> Option<CloseReason> {
        if let Some(reason) = self.outdated(connection) {
            Some(reason)
        } else if now.since(connection.returned) > self.settings.idle_timeout {
            Some(CloseReason::Idle)
        } else if connection.is_expired(now) {
            Some(CloseReason::Lifetime)
        } else if !connection.is_valid() {
            Some(CloseReason::Invalid)
        } else {
            None
        }
    }

    /// Whether it belongs here as far as anybody has looked.
    #[inline]
    fn is_current(&self, connection: &Connection<R>) -> bool {
        connection.generation == self.generation.load(Ordering::Acquire)
    }

    /// Why a connection has to leave since the pool was resized or everything evicted, if so.
    #[inline]
    pub(super) fn outdated(&self, connection: &mut Connection<R>) -> Option<CloseReason> {
        if self.is_current(connection) { None } else { self.judge_again(connection) }
    }

    #[cold]
    fn judge_again(&self, connection: &mut Connection<R>) -> Option<CloseReason> {
        let generation = self.generation.load(Ordering::Acquire);
        if connection.generation < self.evicted.load(Ordering::Acquire) || connection.is_too_many() {
            return Some(CloseReason::Evicted);
        }
        connection.generation = generation;
        None
    }

    /// One round trip in a task of its own, which ends well also when the caller goes away: half an answer would cost the
    /// connection. What nobody fetches is offered to the next caller.
    pub(super) fn round_trip(self: &Arc<Self>, mut connection: Box<Connection<R>>) -> RoundTrip<R> {
        let (fetched, answer) = oneshot::channel();
        // For as long as the exchange is under way.
        connection.reason = CloseReason::Interrupted;
        let core = self.clone();
        let under_way = UnderWay::begin(self);
        let task = async move {
            let _under_way = under_way;
            let checked = core.validate_within(&mut connection, core.settings.validate_timeout).await;
            match checked {
                Ok(()) => {
                    connection.reason = CloseReason::Closed;
                    connection.returned = core.clock.now();
                    if let Err(Ok(connection)) = fetched.send(Ok(connection)) {
                        core.offer(connection);
                    }
                }
                Err(error) => {
                    connection.reason = CloseReason::Validation;
                    let _ = fetched.send(Err((connection, error)));
                }
            }
        };
        if let Ok(runtime) = Handle::try_current() {
            sync::spawn(&runtime, task);
        }
        RoundTrip { core: self.clone(), answer }
    }

    /// One round trip, bounded.
    pub(super) async fn validate_within(
        &self,
        connection: &mut Connection<R>,
        limit: Duration,
    ) -> Result<(), BoxError> {
        let Some(resource) = connection.get_mut() else { return Err(boxed("the connection is gone")) };
        match tokio::time::timeout(limit, resource.health_check()).await {
            Ok(checked) => checked.map_err(boxed),
            Err(_) => Err(boxed(format!("no answer within {}", duration_text(limit)))),
        }
    }

    pub(super) fn validate<'a>(
        &'a self,
        connection: &'a mut Connection<R>,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(self.validate_within(connection, self.settings.validate_timeout))
    }
}

/// A connection on which nothing is under way. It goes to the next caller when this one goes away.
struct LookedAt<'a, R: Resource> {
    core: &'a Arc<Core<R>>,
    connection: Option<Box<Connection<R>>>,
}

impl<R: Resource> LookedAt<'_, R> {
    fn is_valid(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.is_valid())
    }
}

impl<R: Resource> Drop for LookedAt<'_, R> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.core.offer(connection);
        }
    }
}

/// Says that a round trip is under way, until it is dropped.
struct UnderWay<R: Resource>(Arc<Core<R>>);

impl<R: Resource> UnderWay<R> {
    fn begin(core: &Arc<Core<R>>) -> Self {
        core.checking.fetch_add(1, Ordering::Relaxed);
        Self(core.clone())
    }
}

impl<R: Resource> Drop for UnderWay<R> {
    fn drop(&mut self) {
        self.0.checking.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A round trip that somebody waits for.
pub(super) struct RoundTrip<R: Resource> {
    core: Arc<Core<R>>,
    answer: oneshot::Receiver<Checked<R>>,
}

/// The connection, or what is left of it and why.
type Checked<R> = Result<Box<Connection<R>>, (Box<Connection<R>>, BoxError)>;

impl<R: Resource> Drop for RoundTrip<R> {
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(connection)) = self.answer.try_recv() {
            self.core.offer(connection);
        }
    }
}
