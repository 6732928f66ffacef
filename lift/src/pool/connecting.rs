//! Making connections, apart from waiting for them: tasks of their own, as many as callers wait for, few at a time while
//! the backend is sick.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout, timeout_at};

use super::PoolError;
use super::breaker::Breaker;
use super::connection::Connection;
use super::core::{Core, deadline};
use super::error::Cause;
use super::ledger::{Held, Place};
use super::settings::PoolSettings;
use super::sync::{self, Ordering};
use crate::clock::{Chance, Moment};
use crate::config::duration_text;
use crate::error::{BoxError, boxed, logged};
use crate::layer::Caught;
use crate::resource::{CloseReason, Init, Resource, Substitute, Warm};

/// Connects at the same time while the backend is well.
const PARALLEL_CONNECTS: usize = 4;

/// The jitter of a connection's lifetime, in percent.
const LIFETIME_JITTER: u32 = 10;

/// What is wrong with a connection that is open and of no use.
const UNFIT: &str = "it was opened, and its `is_valid` says at once that it is of no use";

/// How connections are opened: by the resource from its settings, or by a test's substitute.
pub(super) enum Opener<R: Resource> {
    Settings(R::Config),
    Substitute(Substitute<R>),
}

impl<R: Resource> Opener<R> {
    /// Opens one within `limit`. What was opened and could not be prepared is cleaned up, within `cleanup`.
    pub(super) async fn open(
        &self,
        name: &'static str,
        limit: Duration,
        cleanup: Duration,
    ) -> Result<R, BoxError> {
        let init = Init::pooled(name, limit);
        let opened = match timeout(limit, Caught::new(Box::pin(self.attempt(&init)))).await {
            Ok(Ok(opened)) => opened,
            // The panic hook has told the rest.
            Ok(Err(_)) => Err(boxed("opening it panicked")),
            Err(_) => Err(boxed(format!("no answer within {}", duration_text(limit)))),
        };
        for unprepared in init.unprepared() {
            let _ = timeout(cleanup, Caught::new(unprepared)).await;
        }
        opened
    }

    async fn attempt(&self, init: &Init) -> Result<R, BoxError> {
        let mut resource = match self {
            Self::Settings(config) => R::initialize(config, init).await.map_err(boxed)?,
            Self::Substitute(open) => open().await?,
        };
        resource.opened();
        Ok(resource)
    }
}

/// The connects that run, and whether more may.
pub(super) struct Connects {
    /// When each of them began.
    pub(super) running: Vec<Instant>,
    pub(super) breaker: Breaker,
    /// What the last one that failed said, until one works.
    pub(super) last: Option<Cause>,
    /// Idle connections to have at any time, besides what callers wait for.
    pub(super) idle: usize,
    /// Idle connections to have for as long as somebody [warms](Core::warm) the pool, an item for each.
    pub(super) warming: Vec<usize>,
    /// The class of the last error, a caller's or a connect's, and when it came.
    pub(super) failed: Option<(&'static str, Moment)>,
}

/// What came of a look at whether connects have to be started.
pub(super) enum Started {
    /// As many as are wanted run, or as many as there may be.
    AsWanted,
    /// One is wanted, and the breaker lets none through for so long.
    Refused(Duration),
}

impl Connects {
    /// Idle connections to have, besides what callers wait for.
    fn target(&self) -> usize {
        self.warming.iter().copied().fold(self.idle, usize::max)
    }
}

impl<R: Resource> Core<R> {
    /// Starts as many connects as callers wait for, as far as there are places and the backend is thought to be well.
    pub(super) fn connect_if_wanted(self: &Arc<Self>) -> Started {
        if self.ledger.is_full() || self.is_closed() {
            return Started::AsWanted;
        }
        let Some(runtime) = self.departures.runtime() else { return Started::AsWanted };
        let now = self.clock.now();
        let mut starting = Vec::new();
        {
            let mut connects = self.connects();
            // Who waits, first: a connection that is taken in between would else count against somebody who waits still.
            let waiting = self.parking.waiting();
            let idle = self.idle();
            let target = connects.target().max(usize::from(self.is_awaited()));
            let wanted = waiting.max(target).saturating_sub(idle);
            if wanted > connects.running.len()
                && let Some(wait) = connects.breaker.retry_after(now)
            {
                return Started::Refused(wait);
            }
            let allowed = connects.breaker.parallel(now, PARALLEL_CONNECTS);
            while connects.running.len() < wanted.min(allowed)
                && let Some(place) = Place::take(&self.ledger)
            {
                let connect = Connect::new(self, place);
                connects.running.push(connect.began);
                starting.push(connect);
            }
        }
        // A runtime that is ending drops them at once, and they find nothing locked.
        for connect in starting {
            sync::spawn(&runtime, connect.run());
        }
        Started::AsWanted
    }

    /// Why nothing will come, when the breaker is open.
    pub(super) fn refused(&self) -> Option<PoolError> {
        let connects = self.connects();
        let retry_after = connects.breaker.retry_after(self.clock.now())?;
        let source = connects.last.clone()?;
        Some(PoolError::BreakerOpen { pool: self.spec.name, retry_after, source })
    }

    /// What to tell a caller that waited while connects failed, once nothing more is tried.
    pub(super) fn given_up(&self) -> Option<PoolError> {
        let connects = self.connects();
        connects.breaker.retry_after(self.clock.now())?;
        Some(PoolError::Connect { pool: self.spec.name, source: connects.last.clone()?.into() })
    }

    /// Why nothing came in time.
    pub(super) fn timed_out(
        &self,
        begin: Instant,
        deadline: Instant,
        suspect: Option<BoxError>,
    ) -> PoolError {
        let pool = self.spec.name;
        // One that has taken most of the time is to blame; one that has just begun replaces what others have closed.
        let (connecting, slow) = {
            let connects = self.connects();
            if let Some(source) = connects.last.clone() {
                return PoolError::Connect { pool, source: source.into() };
            }
            let slow = |began: &Instant| deadline.saturating_duration_since(*began) * 2 > deadline - begin;
            (!connects.running.is_empty(), connects.running.iter().any(slow))
        };
        if let Some(source) = suspect {
            return PoolError::Validate { pool, source };
        }
        let held = self.ledger.held(self.clock.now());
        if !slow && let Some(exhausted) = self.exhausted(&held) {
            return exhausted;
        }
        if !connecting && self.checking.load(Ordering::Relaxed) > 0 {
            return PoolError::Validate { pool, source: boxed("its round trip has not ended yet") };
        }
        let late = Instant::now().saturating_duration_since(deadline);
        let source = format!("a connect did not end in time ({} over)", duration_text(late)).into();
        PoolError::Connect { pool, source }
    }

    fn exhausted(&self, held: &[Held]) -> Option<PoolError> {
        let longest = held.iter().max_by_key(|held| held.long)?;
        Some(PoolError::Exhausted {
            pool: self.spec.name,
            in_use: held.len(),
            waiting: self.parking.waiting(),
            longest_held: longest.long,
            by: longest.by.name(),
        })
    }

    /// Callers wait, and for `stuck_after` no connection has come back and no connect has ended.
    pub(super) fn stuck(&self) -> Option<PoolError> {
        let after = self.settings.stuck_after;
        let connects: Vec<_> = self.connects().running.iter().map(Instant::elapsed).collect();
        let held = self.ledger.held(self.clock.now());
        // Nothing else may bring one: what could begin has begun, and nothing is at hand.
        let all = !connects.is_empty() || held.len() >= self.ledger.max();
        let waiting = self.parking.waiting() > 0 && self.idle() == 0;
        let long = held.iter().map(|held| held.long).chain(connects.iter().copied()).all(|long| long > after);
        if !(all && waiting && long) {
            return None;
        }
        let Some(connecting) = connects.into_iter().max() else { return self.exhausted(&held) };
        let source = format!("a connect has not ended for {}", duration_text(connecting)).into();
        Some(PoolError::Connect { pool: self.spec.name, source })
    }

    /// Opens connections until `count` are idle, several at a time.
    pub(super) async fn warm(self: &Arc<Self>, count: usize) -> Result<(), PoolError> {
        let wanted = count.min(self.ledger.max());
        let _warming = Warming::begin(self, wanted);
        let begin = Instant::now();
        let deadline = deadline(begin, self.settings.wait);
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            self.connect_if_wanted();
            let (idle, max) = (self.idle(), self.ledger.max());
            if idle >= wanted.min(max) || self.ledger.held(self.clock.now()).len() + idle >= max {
                return Ok(());
            }
            if self.is_closed() {
                return Err(PoolError::Closed { pool: self.spec.name });
            }
            if let Some(error) = self.given_up() {
                return Err(error);
            }
            if timeout_at(deadline, changed).await.is_err() {
                return Err(self.timed_out(begin, deadline, None));
            }
        }
    }

    /// Whether the service is not ready before a connection has been opened, so that no caller will ask for one.
    pub(super) fn is_awaited(&self) -> bool {
        self.settings.warm == Warm::Required && !self.was_opened()
    }

    /// A connection that was opened for a caller could not be lent to it.
    pub(super) fn unfit(&self, reason: CloseReason) {
        let problem = match reason {
            CloseReason::Invalid => UNFIT.to_owned(),
            reason => format!("it was opened, and closed before it could be lent ({})", reason.as_str()),
        };
        self.note_failure(boxed(problem), Breaker::useless);
        self.queue.tell();
    }

    fn note_failure(&self, error: BoxError, count: fn(&mut Breaker, Moment, &Chance) -> bool) {
        let cause = Cause::new(error);
        let opened = {
            let (mut connects, now) = (self.connects(), self.clock.now());
            connects.last = Some(cause.clone());
            connects.failed = Some(("connect", now));
            count(&mut connects.breaker, now, &self.chance)
        };
        // Before the first one was opened, whoever wants one tells why there is none.
        if opened && self.was_opened() {
            tracing::warn!(
                pool = self.spec.name,
                error = logged(&cause),
                "connects fail; the breaker is open"
            );
        }
    }
}

/// Somebody who warms the pool, until it is dropped.
struct Warming<'a, R: Resource> {
    core: &'a Core<R>,
    wanted: usize,
}

impl<'a, R: Resource> Warming<'a, R> {
    fn begin(core: &'a Core<R>, wanted: usize) -> Self {
        core.connects().warming.push(wanted);
        Self { core, wanted }
    }
}

impl<R: Resource> Drop for Warming<'_, R> {
    fn drop(&mut self) {
        let mut connects = self.core.connects();
        if let Some(one) = connects.warming.iter().position(|wanted| *wanted == self.wanted) {
            connects.warming.swap_remove(one);
        }
    }
}

/// One connect in a task of its own. Should the task be dropped, because its runtime ends, the count and the place are right
/// all the same, and those who wait elsewhere look for themselves.
struct Connect<R: Resource> {
    core: Arc<Core<R>>,
    place: Option<Place>,
    /// The pool's generation when it began.
    generation: u64,
    began: Instant,
    ended: bool,
}

impl<R: Resource> Connect<R> {
    fn new(core: &Arc<Core<R>>, place: Place) -> Self {
        let generation = core.generation.load(Ordering::Relaxed);
        Self { core: core.clone(), place: Some(place), generation, began: Instant::now(), ended: false }
    }

    fn run(mut self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let core = self.core.clone();
            let PoolSettings { connect_timeout, cleanup_timeout, .. } = core.settings;
            let opened = core.opener.open(core.spec.name, connect_timeout, cleanup_timeout).await;
            self.ended = true;
            match (opened, self.place.take()) {
                (Ok(resource), Some(place)) => self.succeeded(&core, resource, place),
                (Err(error), place) => self.failed(&core, error, place),
                // Unreachable: nobody else takes the place.
                (Ok(_), None) => {}
            }
        })
    }

    fn succeeded(self, core: &Arc<Core<R>>, resource: R, place: Place) {
        let number = core.counters.created.fetch_add(1, Ordering::Relaxed) + 1;
        let lifetime = core.chance.shorten(core.settings.max_lifetime, LIFETIME_JITTER);
        let (departures, now) = (core.departures.clone(), core.clock.now());
        let connection =
            Box::new(Connection::new(resource, place, departures, (number, self.generation), now, lifetime));
        if !connection.is_valid() {
            connection.close(CloseReason::Invalid);
            return self.failed(core, boxed(UNFIT), None);
        }
        let recovered = {
            let mut connects = core.connects();
            connects.last = None;
            connects.breaker.succeeded()
        };
        // The first one has no other to be told apart from: that there was none has been told by whoever wanted it.
        if recovered && number > 1 {
            tracing::info!(pool = core.spec.name, "connects work again; the breaker is closed");
        }
        // Idle before it stops counting as under way: in between another connect would be started for it.
        core.offer(connection);
        drop(self);
        // Others may wait for whom there was no room among those that connect at the same time.
        core.connect_if_wanted();
        core.changed.notify_waiters();
    }

    fn failed(self, core: &Arc<Core<R>>, error: BoxError, place: Option<Place>) {
        core.note_failure(error, Breaker::failed);
        drop(place);
        drop(self);
        core.changed.notify_waiters();
        core.queue.tell();
    }
}

impl<R: Resource> Drop for Connect<R> {
    fn drop(&mut self) {
        drop(self.place.take());
        {
            let mut connects = self.core.connects();
            if let Some(one) = connects.running.iter().position(|began| *began == self.began) {
                connects.running.swap_remove(one);
            }
        }
        if !self.ended {
            self.core.changed.notify_waiters();
            self.core.queue.tell();
        }
    }
}
