//! The life of connections: lent, waited for, checked, taken back.
//!
//! Waiting for a connection and making one (`connecting`) are two things: a caller that finds none waits in the pool's
//! fair queue and gets whatever comes first, a connection that is returned or a new one; new ones are opened by tasks of
//! their own, so a caller that goes away wastes nothing and a slow connect holds up nobody who could be served otherwise.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::breaker::Breaker;
use super::connecting::{Connects, Opener};
use super::connection::{Closer, Connection};
use super::lease::Home;
use super::ledger::Ledger;
use super::parking::Parking;
use super::queue::{Event, Queue};
use super::settings::PoolSettings;
use super::{PoolError, Pooled};
use crate::clock::{Chance, Clock, Moment};
use crate::config::duration_text;
use crate::error::{BoxError, chain};
use crate::resource::{
    BreakerState, CloseReason, Counters, LastFailure, Resource, ResourceSpec, Stats, User, Warm,
};

/// A connection that was idle for longer, in milliseconds, has its driver run before it is judged, so that a driver task
/// can notice the end of its stream.
const DRIVER_MAY_SLEEP: u64 = 5;

/// Turns of the runtime that a driver gets: in the first the runtime looks at its sockets, in the second the driver reads.
/// One more, for another worker may have taken the driver over.
const DRIVER_TURNS: u32 = 3;

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
    pub(super) connects: Mutex<Connects>,
    /// Something changed that a caller may want to know before a connection comes: a connect failed.
    pub(super) changed: Notify,
    pub(super) closed: AtomicBool,
    pub(super) closer: Closer,
    pub(super) counters: Arc<Counters>,
    /// Lendings that were told as a leak already.
    pub(super) leaks: Mutex<Vec<(usize, u64)>>,
}

/// What became of a connection before it was lent.
enum Prepared<R: Resource> {
    Ready(Box<Connection<R>>),
    /// It was expired or no longer valid.
    Closed,
    /// Its round trip failed.
    Failed(BoxError),
}

/// The slot of [`Parking`] that a thread begins with.
#[inline]
fn home() -> usize {
    use std::cell::Cell;
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
        let longest = Duration::from_secs(if settings.on_lambda { 1 } else { 15 });
        Arc::new(Self {
            ledger: Arc::new(Ledger::new(settings.max_size)),
            parking: Parking::new(),
            queue: Queue::new(settings.max_size),
            aside: AtomicUsize::new(0),
            connects: Mutex::new(Connects {
                running: 0,
                breaker: Breaker::new(longest),
                last: None,
                target: settings.min_idle,
                failed: None,
            }),
            changed: Notify::new(),
            closed: AtomicBool::new(false),
            closer: Closer::new(counters.clone()),
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
            let idle = now.millis_since(connection.returned);
            if idle <= DRIVER_MAY_SLEEP
                && connection.is_valid()
                && !connection.is_expired(now)
                && !self.is_closed()
            {
                return Ok(self.lend(connection, now, by));
            }
            at_hand = Some(connection);
        }
        self.get_slowly(at_hand, limit(), by).await
    }

    fn lend(self: &Arc<Self>, connection: Box<Connection<R>>, now: Moment, by: User) -> Pooled<R> {
        connection.place.lent(now, by);
        Pooled::lent(connection, self.clone())
    }

    async fn get_slowly(
        self: &Arc<Self>,
        mut at_hand: Option<Box<Connection<R>>>,
        limit: Duration,
        by: User,
    ) -> Result<Pooled<R>, PoolError> {
        let begin = Instant::now();
        let deadline = begin.checked_add(limit).unwrap_or(begin + Duration::from_secs(86_400));
        let mut suspect = None;
        let mut waited = false;
        let lent = loop {
            let connection = match at_hand.take() {
                Some(connection) => connection,
                None => {
                    waited = true;
                    let waiting = self.wait(deadline, suspect.take()).await;
                    waiting.inspect_err(|error| {
                        self.connects().failed = Some((error.class(), self.clock.now()));
                        let timed_out = matches!(error, PoolError::Exhausted { .. });
                        Counters::add(if timed_out {
                            &self.counters.timeouts
                        } else {
                            &self.counters.errors
                        });
                    })?
                }
            };
            match self.prepare(connection, deadline).await {
                Prepared::Ready(connection) => break self.lend(connection, self.clock.now(), by),
                Prepared::Closed => {}
                Prepared::Failed(error) => {
                    self.connects().breaker.suspected();
                    self.look_after_idle();
                    suspect = Some(error);
                }
            }
        };
        if waited {
            Counters::add(&self.counters.misses);
            self.counters.wait.note(begin.elapsed().as_millis().try_into().unwrap_or(u64::MAX));
        }
        Ok(lent)
    }

    /// Waits in the queue for a connection that is returned or opened.
    async fn wait(
        self: &Arc<Self>,
        deadline: Instant,
        suspect: Option<BoxError>,
    ) -> Result<Box<Connection<R>>, PoolError> {
        if self.is_closed() {
            return Err(PoolError::Closed { pool: self.spec.name });
        }
        let waiting = self.parking.wait();
        self.unpark();
        // Refused at the door when nothing can come: the breaker is open and no connection exists.
        if self.ledger.taken() == 0
            && let Some(refused) = self.refused()
        {
            return Err(refused);
        }
        let mut turn = self.queue.line_up(deadline);
        loop {
            self.connect_if_wanted();
            match turn.next().await {
                Event::Served(connection) => {
                    drop(waiting);
                    return Ok(connection);
                }
                Event::Told => {
                    if self.ledger.taken() == 0
                        && let Some(error) = self.given_up()
                    {
                        return Err(error);
                    }
                }
                Event::TimedOut => return Err(self.timed_out(deadline, suspect)),
                Event::Closed => return Err(PoolError::Closed { pool: self.spec.name }),
            }
        }
    }

    /// Judges a connection before it is lent; at most one round trip, and only after it was idle for long.
    async fn prepare(&self, mut connection: Box<Connection<R>>, deadline: Instant) -> Prepared<R> {
        let now = self.clock.now();
        let idle = now.since(connection.returned);
        if idle > self.settings.idle_timeout {
            connection.close(CloseReason::Idle);
            return Prepared::Closed;
        }
        if connection.is_expired(now) {
            connection.close(CloseReason::Lifetime);
            return Prepared::Closed;
        }
        if idle > Duration::from_millis(DRIVER_MAY_SLEEP) {
            // The guard's place is kept by the connection; nothing is lost when the caller goes away here.
            let mut turns = 0;
            while turns < DRIVER_TURNS && connection.is_valid() {
                tokio::task::yield_now().await;
                turns += 1;
            }
        }
        if !connection.is_valid() {
            connection.close(CloseReason::Invalid);
            return Prepared::Closed;
        }
        if idle <= self.settings.validate_after {
            return Prepared::Ready(connection);
        }
        // Should the caller go away meanwhile, half an answer may be on its way.
        connection.reason = CloseReason::Interrupted;
        let limit = self.settings.validate_timeout.min(deadline.saturating_duration_since(Instant::now()));
        match self.validate_within(&mut connection, limit).await {
            Ok(()) => {
                connection.reason = CloseReason::Closed;
                connection.returned = self.clock.now();
                Prepared::Ready(connection)
            }
            Err(error) => {
                connection.close(CloseReason::Validation);
                Prepared::Failed(error)
            }
        }
    }

    /// One round trip, bounded.
    pub(super) async fn validate_within(
        &self,
        connection: &mut Connection<R>,
        limit: Duration,
    ) -> Result<(), BoxError> {
        let Some(resource) = connection.get_mut() else { return Err("the connection is gone".into()) };
        match tokio::time::timeout(limit, resource.health_check()).await {
            Ok(checked) => checked.map_err(Into::into),
            Err(_) => Err(format!("no answer within {}", duration_text(limit)).into()),
        }
    }

    #[cold]
    fn part_with(self: &Arc<Self>, connection: Box<Connection<R>>, reason: CloseReason) {
        connection.close(reason);
        // Somebody may be waiting for just this one.
        self.connect_if_wanted();
    }

    /// Puts a connection where the next caller finds it.
    #[inline]
    pub(super) fn offer(self: &Arc<Self>, connection: Box<Connection<R>>) {
        let left =
            if self.parking.waiting() > 0 { Some(connection) } else { self.parking.park(home(), connection) };
        if let Some(connection) = left {
            self.enqueue(connection);
        }
        if self.parking.waiting() > 0 || self.is_closed() {
            self.unpark();
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
            let last_error = connects.last.as_ref().map(|cause| chain(cause));
            (connects.running, connects.breaker.state(now), last_error, last_failure)
        };
        let (in_use, hold) = (self.ledger.held(now).count(), self.ledger.hold());
        // What was got is held or has been returned, which spares the way that costs least a counter of its own.
        let gets = hold.count() + in_use as u64;
        let hits = gets.saturating_sub(counter(&self.counters.misses));
        Stats {
            in_use,
            idle: self.idle(),
            connecting,
            waiting: self.parking.waiting(),
            max_size: self.settings.max_size,
            breaker,
            last_error,
            last_failure,
            created: counter(&self.counters.created),
            closed: CloseReason::ALL.into_iter().zip(self.counters.closed.iter().map(counter)).collect(),
            gets,
            hits,
            timeouts: counter(&self.counters.timeouts),
            errors: counter(&self.counters.errors),
            wait: self.counters.wait.read(),
            hold,
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
        connection.place.returned(now);
        let unusable = unusable.or_else(|| (!connection.is_valid()).then_some(CloseReason::Invalid));
        if let Some(reason) = unusable {
            return self.part_with(connection, reason);
        }
        connection.returned = now;
        self.offer(connection);
    }

    fn validate<'a>(&'a self, connection: &'a mut Connection<R>) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(self.validate_within(connection, self.settings.validate_timeout))
    }
}
