//! Making connections, apart from waiting for them: tasks of their own, as many as callers wait for, few at a time while
//! the backend is sick.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::PoolError;
use super::breaker::Breaker;
use super::connection::Connection;
use super::core::Core;
use super::error::Cause;
use super::ledger::Place;
use crate::clock::Moment;
use crate::config::duration_text;
use crate::error::{BoxError, chain};
use crate::resource::{Counters, Init, Resource, Substitute, Warm};

/// Connects at the same time while the backend is well.
const PARALLEL_CONNECTS: usize = 4;

/// The jitter of a connection's lifetime, in percent.
const LIFETIME_JITTER: u32 = 10;

/// How connections are opened: by the resource from its settings, or by a test's substitute.
pub(super) enum Opener<R: Resource> {
    Settings(R::Config),
    Substitute(Substitute<R>),
}

impl<R: Resource> Opener<R> {
    pub(super) async fn open(&self, name: &'static str, limit: Duration) -> Result<R, BoxError> {
        let opening = async {
            match self {
                Self::Settings(config) => {
                    R::initialize(config, &Init::new(name, limit)).await.map_err(Into::into)
                }
                Self::Substitute(open) => open().await,
            }
        };
        match tokio::time::timeout(limit, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(format!("no answer within {}", duration_text(limit)).into()),
        }
    }
}

/// The connects that run, and whether more may.
pub(super) struct Connects {
    pub(super) running: usize,
    pub(super) breaker: Breaker,
    /// What the last one that failed said, until one works.
    pub(super) last: Option<Cause>,
    /// Idle connections to have, besides what callers wait for.
    pub(super) target: usize,
    /// The class of the last error, a caller's or a connect's, and when it came.
    pub(super) failed: Option<(&'static str, Moment)>,
}

impl<R: Resource> Core<R> {
    /// Starts as many connects as callers wait for, as far as there are places and the backend is thought to be well.
    pub(super) fn connect_if_wanted(self: &Arc<Self>) {
        if self.ledger.is_full() || self.is_closed() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let now = self.clock.now();
        let mut connects = self.connects();
        let idle = self.idle();
        let target = connects.target.max(usize::from(self.is_awaited()));
        let wanted = self.parking.waiting().saturating_sub(idle).max(target.saturating_sub(idle));
        let allowed = connects.breaker.parallel(now, PARALLEL_CONNECTS);
        while connects.running < wanted.min(allowed) {
            let Some(place) = Place::take(&self.ledger) else { return };
            connects.running += 1;
            let connect = Connect { core: self.clone(), place: Some(place) };
            runtime.spawn(connect.run());
        }
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
    pub(super) fn timed_out(&self, deadline: Instant, suspect: Option<BoxError>) -> PoolError {
        let pool = self.spec.name;
        if let Some(source) = self.connects().last.clone() {
            return PoolError::Connect { pool, source: source.into() };
        }
        if let Some(source) = suspect {
            return PoolError::Validate { pool, source };
        }
        let held: Vec<_> = self.ledger.held(self.clock.now()).collect();
        match held.iter().max_by_key(|held| held.long) {
            Some(longest) if held.len() >= self.settings.max_size => PoolError::Exhausted {
                pool,
                in_use: held.len(),
                waiting: self.parking.waiting(),
                longest_held: longest.long,
                by: longest.by.name(),
            },
            _ => {
                let late = Instant::now().saturating_duration_since(deadline);
                let source = format!("a connect did not end in time ({} over)", duration_text(late)).into();
                PoolError::Connect { pool, source }
            }
        }
    }

    /// Opens connections until `count` are idle, several at a time.
    pub(super) async fn warm(self: &Arc<Self>, count: usize) -> Result<(), PoolError> {
        let wanted = count.min(self.settings.max_size);
        let before = {
            let mut connects = self.connects();
            let raised = connects.target.max(wanted);
            std::mem::replace(&mut connects.target, raised)
        };
        let deadline = Instant::now() + self.settings.wait;
        let warmed = loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            self.connect_if_wanted();
            if self.idle() >= wanted || self.ledger.held(self.clock.now()).count() + self.idle() >= wanted {
                break Ok(());
            }
            if self.is_closed() {
                break Err(PoolError::Closed { pool: self.spec.name });
            }
            if let Some(error) = self.given_up() {
                break Err(error);
            }
            if timeout_at(deadline, changed).await.is_err() {
                break Err(self.timed_out(deadline, None));
            }
        };
        self.connects().target = before;
        warmed
    }

    /// Whether the service is not ready before a connection has been opened, so that no caller will ask for one.
    pub(super) fn is_awaited(&self) -> bool {
        self.settings.warm == Warm::Required && !self.was_opened()
    }
}

/// One connect in a task of its own. Should the task be dropped, the count and the place are right all the same.
struct Connect<R: Resource> {
    core: Arc<Core<R>>,
    place: Option<Place>,
}

impl<R: Resource> Connect<R> {
    fn run(mut self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let core = self.core.clone();
            let opened = core.opener.open(core.spec.name, core.settings.connect_timeout).await;
            let now = core.clock.now();
            let (pool, place) = (core.spec.name, self.place.take());
            match (opened, place) {
                (Ok(resource), Some(place)) => {
                    Counters::add(&core.counters.created);
                    let recovered = {
                        let mut connects = core.connects();
                        connects.last = None;
                        connects.breaker.succeeded()
                    };
                    if recovered {
                        tracing::info!(pool, "connects work again; the breaker is closed");
                    }
                    let lifetime = core.chance.shorten(core.settings.max_lifetime, LIFETIME_JITTER);
                    let connection = Connection::new(resource, now, lifetime, core.closer.clone(), place);
                    // Idle before it stops counting as under way: in between another connect would be started for it.
                    core.offer(Box::new(connection));
                    drop(self);
                    // Others may wait for whom there was no room among those that connect at the same time.
                    core.connect_if_wanted();
                    core.changed.notify_waiters();
                }
                (Err(error), place) => {
                    let cause = Cause::new(error);
                    let opened = {
                        let mut connects = core.connects();
                        connects.last = Some(cause.clone());
                        connects.failed = Some(("connect", now));
                        connects.breaker.failed(now, &core.chance)
                    };
                    if opened {
                        tracing::warn!(pool, error = chain(&cause), "connects fail; the breaker is open");
                    }
                    drop(place);
                    drop(self);
                    core.changed.notify_waiters();
                    core.queue.tell();
                }
                (Ok(_), None) => {}
            }
        })
    }
}

impl<R: Resource> Drop for Connect<R> {
    fn drop(&mut self) {
        let mut connects = self.core.connects();
        connects.running = connects.running.saturating_sub(1);
    }
}
