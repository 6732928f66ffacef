//! The life of connections: lent, waited for, checked, taken back.
//!
//! Waiting for a connection and making one (`connecting`) are two things: a caller that finds none waits in the pool's
//! fair queue and gets whatever comes first, a connection that is returned or a new one; new ones are opened by tasks of
//! their own, so a caller that goes away wastes nothing and a slow connect holds up nobody who could be served otherwise.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::breaker::Breaker;
use super::checkout;
use super::connecting::{Connects, Opener, Started};
use super::connection::Connection;
use super::departure::{Departures, PlaceFreed};
use super::lease::Home;
use super::ledger::Ledger;
use super::parking::Parking;
use super::queue::Queue;
use super::settings::{PoolSettings, longest_break};
use super::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering};
use super::{PoolError, Pooled};
use crate::clock::{Chance, Clock, Moment};
use crate::error::{BoxError, shown};
use crate::resource::{
    BreakerState, CloseReason, Counters, LastFailure, Resource, ResourceSpec, Stats, User, Warm,
};

pub(super) struct Core<R: Resource> {
    pub(super) spec: ResourceSpec,
    pub(super) settings: PoolSettings,
    pub(super) clock: Clock,
    pub(super) chance: Chance,
    pub(super) opener: Opener<R>,
    pub(super) ledger: Arc<Ledger>,
    /// At hand, while nobody waits.
    pub(super) parking: Parking<Connection<R>>,
    /// Connections that wait for callers, or callers that wait for connections.
    pub(super) queue: Arc<Queue<Connection<R>>>,
    /// Connections that maintenance is looking at, which are as good as idle.
    pub(super) aside: AtomicUsize,
    /// Round trips under way, also those whose callers have left.
    pub(super) checking: AtomicUsize,
    /// For how long, in milliseconds, a connection is lent again without a further look. `None` for not at all.
    pub(super) at_hand: Option<u64>,
    pub(super) connects: Mutex<Connects>,
    /// Something changed that a caller may want to know before a connection comes: a connect failed.
    pub(super) changed: Notify,
    pub(super) closed: AtomicBool,
    /// Counts what may make connections leave that have done nothing wrong.
    pub(super) generation: AtomicU64,
    /// The generation before which connections were evicted.
    pub(super) evicted: AtomicU64,
    pub(super) departures: Arc<Departures>,
    pub(super) counters: Arc<Counters>,
    /// Lendings that were told as a leak already.
    pub(super) leaks: Mutex<Vec<(usize, u64)>>,
}

/// The slot of [`Parking`] that a thread begins with.
#[inline]
pub(super) fn home() -> usize {
    use std::cell::Cell;
    use std::sync::atomic::AtomicUsize;
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static HOME: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    #[cold]
    fn choose() -> usize {
        let home = NEXT.fetch_add(1, Ordering::Relaxed);
        HOME.set(home);
        home
    }
    let home = HOME.get();
    if home == usize::MAX { choose() } else { home }
}

impl<R: Resource> Core<R> {
    pub(super) fn new(
        spec: ResourceSpec,
        settings: PoolSettings,
        opener: Opener<R>,
        clock: Clock,
    ) -> Arc<Self> {
        let counters = Arc::new(Counters::default());
        let settings = settings.with_meaning();
        let longest = longest_break(settings.on_lambda);
        let cleanup = settings.cleanup_timeout;
        Arc::new_cyclic(|this: &Weak<Self>| Self {
            ledger: Arc::new(Ledger::new(settings.max_size)),
            parking: Parking::new(),
            queue: Queue::new(settings.max_size),
            aside: AtomicUsize::new(0),
            checking: AtomicUsize::new(0),
            at_hand: checkout::at_hand(&settings),
            connects: Mutex::new(Connects {
                running: Vec::new(),
                breaker: Breaker::new(longest),
                last: None,
                idle: settings.min_idle,
                warming: Vec::new(),
                failed: None,
            }),
            changed: Notify::new(),
            closed: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            departures: Arc::new(Departures::new(counters.clone(), cleanup, this.clone())),
            counters,
            leaks: Mutex::default(),
            chance: Chance::default(),
            spec,
            settings,
            opener,
            clock,
        })
    }

    pub(super) fn connects(&self) -> MutexGuard<'_, Connects> {
        self.connects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Borrows a connection. The first part is all there is while connections are at hand and nobody waits.
    #[inline]
    pub(super) async fn get(
        self: &Arc<Self>,
        limit: impl FnOnce() -> Duration,
        by: User,
    ) -> Result<Pooled<R>, PoolError> {
        let mut at_hand = self.parking.take(home());
        if let Some(connection) = at_hand.take() {
            let now = self.clock.now();
            if self.is_good_as_new(&connection, now) && !self.is_closed() {
                return Ok(self.lend(connection, now, by, None));
            }
            at_hand = Some(connection);
        }
        self.borrow(at_hand, limit(), by).await
    }

    #[inline]
    pub(super) fn lend(
        self: &Arc<Self>,
        mut connection: Box<Connection<R>>,
        now: Moment,
        by: User,
        waited: Option<Duration>,
    ) -> Pooled<R> {
        connection.number = 0;
        if let Some(place) = connection.place() {
            place.lent(now, by, waited);
        }
        Pooled::lent(connection, self.clone())
    }

    /// Puts a connection where the next caller finds it.
    #[inline]
    pub(super) fn offer(self: &Arc<Self>, mut connection: Box<Connection<R>>) {
        if let Some(reason) = self.outdated(&mut connection) {
            return connection.close(reason);
        }
        let generation = connection.generation;
        if self.parking.waiting() > 0 {
            self.enqueue(connection);
        } else {
            if let Some(displaced) = self.parking.park(home(), connection) {
                self.enqueue(displaced);
            }
            if self.parking.waiting() > 0 || self.is_closed() {
                self.unpark();
            }
        }
        // Somebody may have looked for what has to leave before it was there.
        if self.generation.load(Ordering::Acquire) != generation {
            self.sift();
        }
    }

    /// Moves everything that is parked into the queue, where callers wait.
    pub(super) fn unpark(&self) {
        while let Some(connection) = self.parking.take_any(home()) {
            self.enqueue(connection);
        }
    }

    pub(super) fn enqueue(&self, connection: Box<Connection<R>>) {
        // A closed queue refuses it; dropping it closes it.
        drop(self.queue.add(connection));
    }

    pub(super) fn idle(&self) -> usize {
        let queued = self.queue.ready();
        queued + self.parking.occupied() + self.aside.load(Ordering::Relaxed)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.parking.waiting() > 0 || (self.idle() == 0 && self.ledger.is_full())
    }

    /// Whether a connection has been opened since the start.
    pub(super) fn was_opened(&self) -> bool {
        self.counters.created.load(Ordering::Relaxed) > 0
    }

    pub(super) fn warms(&self) -> usize {
        if self.settings.warm == Warm::Lazy { 0 } else { self.settings.min_idle.max(1) }
    }

    pub(super) fn stats(&self) -> Stats {
        let counter = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let now = self.clock.now();
        let (connecting, breaker, last_error, last_failure) = {
            let connects = self.connects();
            let last_failure = connects.failed.map(|(class, at)| LastFailure { class, age: now.since(at) });
            let last_error = connects.last.as_ref().map(|cause| shown(cause));
            (connects.running.len(), connects.breaker.state(now), last_error, last_failure)
        };
        let lendings = self.ledger.lendings();
        Stats {
            in_use: self.ledger.held(now).len(),
            idle: self.idle(),
            connecting,
            waiting: self.parking.waiting(),
            max_size: self.ledger.max(),
            breaker,
            last_error,
            last_failure,
            created: counter(&self.counters.created),
            closed: CloseReason::ALL.into_iter().zip(self.counters.closed.iter().map(counter)).collect(),
            gets: lendings.hits + lendings.wait.count(),
            hits: lendings.hits,
            timeouts: counter(&self.counters.timeouts),
            errors: counter(&self.counters.errors),
            wait: lendings.wait,
            hold: lendings.hold,
        }
    }

    /// The state of the breaker.
    pub(super) fn breaker(&self) -> BreakerState {
        self.connects().breaker.state(self.clock.now())
    }
}

impl<R: Resource> Home<R> for Core<R> {
    /// Takes a connection back, or closes it when it must not be lent again.
    #[inline]
    fn take_back(self: Arc<Self>, mut connection: Box<Connection<R>>, unusable: Option<CloseReason>) {
        let now = self.clock.now();
        if let Some(place) = connection.place() {
            place.returned(now);
        }
        let unusable = unusable.or_else(|| (!connection.is_valid()).then_some(CloseReason::Invalid));
        if let Some(reason) = unusable {
            return connection.close(reason);
        }
        connection.returned = now;
        self.offer(connection);
    }

    fn part_with(self: Arc<Self>, connection: Box<Connection<R>>) -> Option<R> {
        if let Some(place) = connection.place() {
            place.returned(self.clock.now());
        }
        connection.into_resource()
    }

    fn validate<'a>(&'a self, connection: &'a mut Connection<R>) -> BoxFuture<'a, Result<(), BoxError>> {
        Core::validate(self, connection)
    }
}

impl<R: Resource> PlaceFreed for Core<R> {
    fn place_freed(self: Arc<Self>) {
        let refused = matches!(self.connect_if_wanted(), Started::Refused(_));
        // Those who wait look whether anything will come, and when.
        if self.parking.waiting() > 0 && (refused || self.ledger.taken() == 0) {
            self.queue.tell();
        }
    }
}

/// When a limit is reached that began at a moment; one that no clock reaches is far away.
pub(super) fn deadline(begin: Instant, limit: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);
    begin.checked_add(limit).unwrap_or(begin + FAR)
}
