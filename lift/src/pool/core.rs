//! The life of connections: lent, waited for, checked, taken back.
//!
//! Waiting for a connection and making one (`connecting`) are two things: a caller that finds none waits in the pool's
//! fair queue and gets whatever comes first, a connection that is returned or a new one; new ones are opened by tasks of
//! their own, so a caller that goes away wastes nothing and a slow connect holds up nobody who could be served otherwise.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::breaker::Breaker;
use super::checkout::{self, Prepared};
use super::connecting::{Connects, Opener, Started};
use super::connection::Connection;
use super::departure::{Departures, PlaceFreed};
use super::lease::Home;
use super::ledger::Ledger;
use super::parking::{Parking, Waiting};
use super::queue::{Event, Queue, Turn};
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
fn home() -> usize {
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
        self.get_slowly(at_hand, limit(), by).await
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

    async fn get_slowly(
        self: &Arc<Self>,
        mut at_hand: Option<Box<Connection<R>>>,
        limit: Duration,
        by: User,
    ) -> Result<Pooled<R>, PoolError> {
        let (begin, opened) = (Instant::now(), self.counters.created.load(Ordering::Relaxed));
        let deadline = deadline(begin, limit);
        let mut turn = self.queue.line_up(deadline);
        let mut waiting = None;
        let mut suspect = None;
        if self.is_closed()
            && let Some(connection) = at_hand.take()
        {
            self.offer(connection);
        }
        let got = loop {
            let connection = match at_hand.take() {
                Some(connection) => connection,
                None => {
                    let waiting = waiting.take().unwrap_or_else(|| self.parking.wait());
                    match self.wait(&mut turn, waiting, (begin, deadline), suspect.take()).await {
                        Ok(connection) => connection,
                        Err(error) => break Err(error),
                    }
                }
            };
            // Opened since this caller came, most likely for it.
            let new = connection.number > opened;
            let now = self.clock.now();
            let prepared = if self.is_good_as_new(&connection, now) {
                Prepared::Ready(connection, now)
            } else {
                self.prepare(connection, new, now, deadline).await
            };
            match prepared {
                Prepared::Ready(connection, now) => {
                    if new {
                        self.connects().breaker.proved();
                    }
                    break Ok((connection, now));
                }
                // Its place is kept first: what takes the connection's place may be there at once.
                Prepared::Unfit(connection, reason) => {
                    waiting = Some(self.keep_place(&mut turn));
                    connection.close(reason);
                    if new && reason != CloseReason::Evicted {
                        self.unfit(reason);
                        if Instant::now() >= deadline {
                            break Err(self.timed_out(begin, deadline, suspect.take()));
                        }
                    }
                }
                Prepared::Failed(connection, error) => {
                    self.connects().breaker.suspected();
                    self.look_after_idle();
                    waiting = Some(self.keep_place(&mut turn));
                    drop(connection);
                    suspect = Some(error);
                }
                Prepared::Late(source) => break Err(PoolError::Validate { pool: self.spec.name, source }),
            }
        };
        match got {
            Ok((connection, now)) => {
                let waited = turn.has_waited().then(|| begin.elapsed());
                Ok(self.lend(connection, now, by, waited))
            }
            Err(error) => {
                self.connects().failed = Some((error.class(), self.clock.now()));
                let timed_out = matches!(error, PoolError::Exhausted { .. });
                Counters::add(if timed_out { &self.counters.timeouts } else { &self.counters.errors });
                Err(error)
            }
        }
    }

    /// Puts a caller back to where it was in the line.
    fn keep_place(&self, turn: &mut Turn<'_, Connection<R>>) -> Waiting<'_> {
        let waiting = self.parking.wait();
        turn.keep_place();
        waiting
    }

    /// Waits in the queue for a connection that is returned or opened.
    async fn wait(
        self: &Arc<Self>,
        turn: &mut Turn<'_, Connection<R>>,
        _waiting: Waiting<'_>,
        (begin, deadline): (Instant, Instant),
        suspect: Option<BoxError>,
    ) -> Result<Box<Connection<R>>, PoolError> {
        if self.is_closed() {
            return Err(PoolError::Closed { pool: self.spec.name });
        }
        self.unpark();
        // Refused at the door when nothing can come: the breaker is open and no connection exists.
        if self.ledger.taken() == 0
            && let Some(refused) = self.refused()
        {
            return Err(refused);
        }
        loop {
            let event = match self.connect_if_wanted() {
                Started::AsWanted => turn.next().await,
                // Whoever comes first after the breaker's wait tries again.
                Started::Refused(wait) => match timeout(wait, turn.next()).await {
                    Ok(event) => event,
                    Err(_) => continue,
                },
            };
            match event {
                Event::Served(connection) => return Ok(connection),
                Event::Told => {
                    if self.is_closed() {
                        return Err(PoolError::Closed { pool: self.spec.name });
                    }
                    if self.ledger.taken() == 0
                        && let Some(error) = self.given_up()
                    {
                        return Err(error);
                    }
                }
                Event::TimedOut => return Err(self.timed_out(begin, deadline, suspect)),
                Event::Closed => return Err(PoolError::Closed { pool: self.spec.name }),
            }
        }
    }

    /// A connection that is at hand and needs no round trip.
    pub(super) fn try_get(self: &Arc<Self>, by: User) -> Option<Pooled<R>> {
        if self.is_closed() || self.parking.waiting() > 0 {
            return None;
        }
        let mut unsure = Vec::new();
        let found = loop {
            let Some(mut connection) = self.parking.take(home()).or_else(|| self.queue.try_take()) else {
                break None;
            };
            let now = self.clock.now();
            match self.must_leave(&mut connection, now) {
                Some(reason) => connection.close(reason),
                None if self.wants_round_trip(now.since(connection.returned)) => unsure.push(connection),
                None => break Some(self.lend(connection, now, by, None)),
            }
        };
        unsure.into_iter().rev().for_each(|connection| self.offer(connection));
        // Somebody who began to wait meanwhile may have counted on what has been taken.
        if self.parking.waiting() > 0 {
            self.connect_if_wanted();
        }
        found
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
