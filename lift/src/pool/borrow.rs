//! How a caller that finds no connection at hand comes to one, or to several at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::checkout::Prepared;
use super::connecting::Started;
use super::connection::Connection;
use super::core::{Core, deadline, home};
use super::parking::Waiting;
use super::queue::{Event, Turn};
use super::sync::Ordering;
use super::{PoolError, Pooled};
use crate::clock::Moment;
use crate::error::BoxError;
use crate::resource::{CloseReason, Counters, Resource, User};

/// A caller, for as long as it has not got what it needs.
struct Borrower<'a, R: Resource> {
    core: &'a Arc<Core<R>>,
    begin: Instant,
    deadline: Instant,
    turn: Turn<'a, Connection<R>>,
    /// While it is in line.
    waiting: Option<Waiting<'a>>,
    /// What it was given first, without waiting.
    at_hand: Option<Box<Connection<R>>>,
    /// How many connections there have been when it came.
    opened: u64,
    /// Why the last connection that it was given was of no use.
    suspect: Option<BoxError>,
}

/// A connection that may be lent, since a moment. It is offered to others unless it is.
struct Got<'a, R: Resource> {
    core: &'a Arc<Core<R>>,
    connection: Option<(Box<Connection<R>>, Moment)>,
}

impl<R: Resource> Drop for Got<'_, R> {
    fn drop(&mut self) {
        if let Some((connection, _)) = self.connection.take() {
            self.core.offer(connection);
        }
    }
}

impl<R: Resource> Core<R> {
    /// Borrows one, which may be at hand already.
    pub(super) async fn borrow(
        self: &Arc<Self>,
        at_hand: Option<Box<Connection<R>>>,
        limit: Duration,
        by: User,
    ) -> Result<Pooled<R>, PoolError> {
        let need = usize::from(at_hand.is_none());
        let mut borrower = Borrower::new(self, need, limit);
        if at_hand.is_some() && self.is_closed() {
            at_hand.into_iter().for_each(|connection| self.offer(connection));
        } else {
            borrower.at_hand = at_hand;
        }
        match borrower.next().await {
            Ok((connection, now)) => Ok(self.lend(connection, now, by, borrower.waited())),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Borrows several at once: none of them is held while others are waited for.
    pub(super) async fn borrow_many(
        self: &Arc<Self>,
        count: usize,
        limit: Duration,
        by: User,
    ) -> Result<Vec<Pooled<R>>, PoolError> {
        let max_size = self.ledger.max();
        if count > max_size {
            return Err(self.failed(PoolError::TooMany { pool: self.spec.name, count, max_size }));
        }
        let mut borrower = Borrower::new(self, count, limit);
        let mut got = Vec::with_capacity(count);
        while got.len() < count {
            match borrower.next().await {
                Ok(connection) => got.push(Got { core: self, connection: Some(connection) }),
                Err(error) => return Err(self.failed(error)),
            }
        }
        let got = got.iter_mut().filter_map(|got| got.connection.take());
        Ok(got.map(|(connection, now)| self.lend(connection, now, by, borrower.waited())).collect())
    }

    fn failed(&self, error: PoolError) -> PoolError {
        self.connects().failed = Some((error.class(), self.clock.now()));
        let timed_out = matches!(error, PoolError::Exhausted { .. });
        Counters::add(if timed_out { &self.counters.timeouts } else { &self.counters.errors });
        error
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
}

impl<'a, R: Resource> Borrower<'a, R> {
    fn new(core: &'a Arc<Core<R>>, need: usize, limit: Duration) -> Self {
        let (begin, opened) = (Instant::now(), core.counters.created.load(Ordering::Relaxed));
        let deadline = deadline(begin, limit);
        let turn = core.queue.line_up(need, deadline);
        Self { core, begin, deadline, turn, waiting: None, at_hand: None, opened, suspect: None }
    }

    /// How long it has waited, if it had to.
    fn waited(&self) -> Option<Duration> {
        self.turn.has_waited().then(|| self.begin.elapsed())
    }

    /// The next connection that may be lent.
    async fn next(&mut self) -> Result<(Box<Connection<R>>, Moment), PoolError> {
        let core = self.core;
        loop {
            let connection = match self.at_hand.take() {
                Some(connection) => connection,
                None => self.wait().await?,
            };
            // Opened since this caller came, most likely for it.
            let new = connection.number > self.opened;
            let now = core.clock.now();
            let prepared = if core.is_good_as_new(&connection, now) {
                Prepared::Ready(connection, now)
            } else {
                core.prepare(connection, new, now, self.deadline).await
            };
            match prepared {
                Prepared::Ready(connection, now) => {
                    if new {
                        core.connects().breaker.proved();
                    }
                    return Ok((connection, now));
                }
                // Its place is kept first: what takes the connection's place may be there at once.
                Prepared::Unfit(connection, reason) => {
                    self.keep_place();
                    connection.close(reason);
                    if new && reason != CloseReason::Evicted {
                        core.unfit(reason);
                        if Instant::now() >= self.deadline {
                            return Err(self.timed_out());
                        }
                    }
                }
                Prepared::Failed(connection, error) => {
                    core.connects().breaker.suspected();
                    core.look_after_idle();
                    self.keep_place();
                    drop(connection);
                    self.suspect = Some(error);
                }
                Prepared::Late(source) => return Err(PoolError::Validate { pool: core.spec.name, source }),
            }
        }
    }

    /// Goes back to where it was in the line.
    fn keep_place(&mut self) {
        let more = self.core.parking.wait(1 + self.turn.outstanding());
        self.waiting = Some(more);
        self.turn.keep_place();
    }

    fn timed_out(&mut self) -> PoolError {
        self.core.timed_out(self.begin, self.deadline, self.suspect.take())
    }

    /// Waits in the queue for a connection that is returned or opened.
    async fn wait(&mut self) -> Result<Box<Connection<R>>, PoolError> {
        let core = self.core;
        let closed = || PoolError::Closed { pool: core.spec.name };
        if self.waiting.is_none() {
            self.waiting = Some(core.parking.wait(self.turn.outstanding().max(1)));
        }
        if core.is_closed() {
            return Err(closed());
        }
        core.unpark();
        // Refused at the door when nothing can come: the breaker is open and no connection exists.
        if core.ledger.taken() == 0
            && let Some(refused) = core.refused()
        {
            return Err(refused);
        }
        loop {
            let event = match core.connect_if_wanted() {
                Started::AsWanted => self.turn.next().await,
                // Whoever comes first after the breaker's wait tries again.
                Started::Refused(wait) => match timeout(wait, self.turn.next()).await {
                    Ok(event) => event,
                    Err(_) => continue,
                },
            };
            match event {
                Event::Served(connection) => {
                    let left = self.turn.outstanding();
                    self.waiting = (left > 0).then(|| core.parking.wait(left));
                    return Ok(connection);
                }
                Event::Told => {
                    if core.is_closed() {
                        return Err(closed());
                    }
                    if core.ledger.taken() == 0
                        && let Some(error) = core.given_up()
                    {
                        return Err(error);
                    }
                }
                Event::TimedOut => return Err(self.timed_out()),
                Event::Closed => return Err(closed()),
            }
        }
    }
}
