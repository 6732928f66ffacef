//! How a connection leaves the pool, whatever the reason: its cleanup runs, within a bound; then its place is free; then
//! whoever can use the place goes on.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::ledger::Place;
use super::sync;
use crate::resource::{CloseReason, Counters, Resource};

/// Beyond the bound of a cleanup, for the task that runs it to say that it has ended.
const SLACK: Duration = Duration::from_millis(50);

/// What goes on when a place is free.
pub(super) trait PlaceFreed: Send + Sync {
    fn place_freed(self: Arc<Self>);
}

/// The way out for every connection of a pool.
pub(super) struct Departures {
    cleanups: TaskTracker,
    counters: Arc<Counters>,
    /// The bound of a cleanup.
    timeout: Duration,
    runtime: Runtime,
    /// Gone when the pool itself is being dropped.
    pool: Weak<dyn PlaceFreed>,
}

/// The runtime where a connection was opened or left last. One that is dropped outside of any runtime leaves there.
#[derive(Default)]
struct Runtime(Mutex<Option<Handle>>);

impl Departures {
    pub(super) fn new(counters: Arc<Counters>, timeout: Duration, pool: Weak<dyn PlaceFreed>) -> Self {
        Self { cleanups: TaskTracker::new(), counters, timeout, runtime: Runtime::default(), pool }
    }

    /// The runtime for a task: this thread's, else the last one. It may have ended, in which case a task that it is given is
    /// dropped at once.
    pub(super) fn runtime(&self) -> Option<Handle> {
        let mut last = self.runtime.0.lock().unwrap_or_else(PoisonError::into_inner);
        match Handle::try_current() {
            Ok(current) => {
                if last.as_ref().is_none_or(|last| last.id() != current.id()) {
                    *last = Some(current.clone());
                }
                Some(current)
            }
            Err(_) => last.clone(),
        }
    }

    /// Lets a connection go.
    pub(super) fn leave<R: Resource>(self: &Arc<Self>, resource: R, mut place: Place, reason: CloseReason) {
        self.counters.closed(reason);
        place.leave();
        let occupied = Occupied { place: Some(place), departures: self.clone() };
        let leaving = Leaving { resource, occupied };
        match self.runtime() {
            Some(runtime) => sync::spawn(&runtime, self.cleanups.track_future(leaving.run(self.timeout))),
            // Only the resource's own `Drop` is left.
            None => drop(leaving),
        }
    }

    /// Lets a connection out of the pool to somebody who closes it.
    pub(super) fn take(self: &Arc<Self>, place: Place) {
        self.counters.closed(CloseReason::Taken);
        drop(Occupied { place: Some(place), departures: self.clone() });
    }

    /// Waits until every cleanup has run or its time is over. A runtime that stands still makes nobody wait longer.
    pub(super) async fn finished(&self) {
        self.cleanups.close();
        let _ = timeout(self.timeout.saturating_add(SLACK), self.cleanups.wait()).await;
        self.cleanups.reopen();
    }
}

/// A connection on its way out. The resource is gone before its place is free, also when its runtime ends or it panics.
struct Leaving<R> {
    resource: R,
    occupied: Occupied,
}

impl<R: Resource> Leaving<R> {
    async fn run(self, limit: Duration) {
        let Self { resource, occupied } = self;
        if timeout(limit, resource.cleanup()).await.is_err() {
            tracing::debug!(?limit, "a connection's cleanup did not end in time and was dropped");
        }
        drop(occupied);
    }
}

/// A place that a connection which leaves still takes.
struct Occupied {
    // `None` only while dropping.
    place: Option<Place>,
    departures: Arc<Departures>,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        drop(self.place.take());
        if let Some(pool) = self.departures.pool.upgrade() {
            pool.place_freed();
        }
    }
}
