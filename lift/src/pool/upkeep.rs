//! What is done with connections that nobody has borrowed: looked at, topped up, closed.

use std::sync::{Arc, PoisonError};

use super::connection::Connection;
use super::core::Core;
use super::ledger::Held;
use super::sync::{AtomicUsize, Ordering};
use crate::clock::Moment;
use crate::resource::{CloseReason, Resource};

/// Counts a connection that is looked at, until it is dropped.
struct Aside<'a>(&'a AtomicUsize);

impl<'a> Aside<'a> {
    fn put(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<R: Resource> Core<R> {
    /// After a connection failed its round trip, the other idle ones are tried side by side, each in a task of its
    /// own; nobody waits for more than one of them.
    pub(super) fn look_after_idle(self: &Arc<Self>) {
        self.unpark();
        let now = self.clock.now();
        let mut fresh = Vec::new();
        while let Some(connection) = self.queue.try_take() {
            if self.wants_round_trip(now.since(connection.returned)) {
                drop(self.round_trip(connection));
            } else {
                fresh.push(connection);
            }
        }
        fresh.into_iter().rev().for_each(|connection| self.enqueue(connection));
    }

    /// Closes what is too old, tops up to `min_idle` and tells leaks. Never waits; what takes time runs in tasks.
    pub(super) fn maintain(self: &Arc<Self>) {
        if self.is_closed() {
            return;
        }
        let now = self.clock.now();
        let mut kept = Vec::new();
        let mut look = |connection: Box<Connection<R>>, idle_left: usize| {
            let aside = Aside::put(&self.aside);
            let reason = if connection.is_expired(now) {
                Some(CloseReason::Lifetime)
            } else if !connection.is_valid() {
                Some(CloseReason::Invalid)
            } else if now.since(connection.returned) > self.settings.idle_timeout
                && idle_left > self.settings.min_idle
            {
                Some(CloseReason::Idle)
            } else {
                None
            };
            match reason {
                Some(reason) => {
                    connection.close(reason);
                    idle_left.saturating_sub(1)
                }
                None => {
                    kept.push((connection, aside));
                    idle_left
                }
            }
        };
        let mut idle = self.idle();
        while let Some(connection) = self.parking.take_any(0) {
            idle = look(connection, idle);
        }
        while let Some(connection) = self.queue.try_take() {
            idle = look(connection, idle);
        }
        for (connection, _aside) in kept.into_iter().rev() {
            self.offer(connection);
        }
        self.connect_if_wanted();
        self.tell_leaks(now);
    }

    pub(super) fn tell_leaks(&self, now: Moment) {
        let mut told = self.leaks.lock().unwrap_or_else(PoisonError::into_inner);
        let held: Vec<_> = self.ledger.held(now).into_iter().filter(|held| self.is_leak(held)).collect();
        told.retain(|told| held.iter().any(|held| (held.place, held.since) == *told));
        for held in held {
            if !told.contains(&(held.place, held.since)) {
                told.push((held.place, held.since));
                let (pool, by) = (self.spec.name, held.by.name());
                tracing::warn!(pool, by, held = ?held.long, "a connection is held for long; is it leaked?");
            }
        }
    }

    /// On Lambda nothing is held between invocations, which is when this is asked there.
    fn is_leak(&self, held: &Held) -> bool {
        held.long > self.settings.leak_after || self.settings.leak_after.is_zero()
    }

    /// Closes what is idle now, and what is lent or being opened when it comes back.
    pub(super) fn evict_all(self: &Arc<Self>) {
        self.begin_generation(true);
        self.sift();
    }

    /// Changes how many connections there may be. What is too many leaves, idle ones first.
    pub(super) fn resize(self: &Arc<Self>, max: usize) {
        self.ledger.resize(max);
        self.begin_generation(false);
        self.sift();
        // Callers may wait for the places that there are now.
        self.connect_if_wanted();
    }

    /// From now on connections are judged again, before they are lent and when they come back.
    pub(super) fn begin_generation(&self, evicting: bool) {
        let _one_at_a_time = self.connects();
        let next = self.generation.load(Ordering::Relaxed) + 1;
        if evicting {
            // Whoever sees the new generation sees what it means.
            self.evicted.store(next, Ordering::Release);
        }
        self.generation.store(next, Ordering::Release);
    }

    /// Closes what is idle and belongs here no longer.
    pub(super) fn sift(self: &Arc<Self>) {
        self.unpark();
        let mut kept = Vec::new();
        while let Some(mut connection) = self.queue.try_take() {
            let aside = Aside::put(&self.aside);
            match self.outdated(&mut connection) {
                Some(reason) => connection.close(reason),
                None => kept.push((connection, aside)),
            }
        }
        for (connection, _aside) in kept.into_iter().rev() {
            self.offer(connection);
        }
    }

    /// Empties the pool without closing it: nothing that is idle survives a snapshot.
    pub(super) fn empty(&self) {
        self.unpark();
        while let Some(connection) = self.queue.try_take() {
            connection.close(CloseReason::Closed);
        }
    }

    /// Refuses new callers and those who wait.
    pub(super) fn refuse(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.changed.notify_waiters();
            self.queue.tell();
        }
    }

    /// Refuses callers, closes what is idle, and from now on whatever comes back.
    pub(super) fn shut(&self) {
        self.refuse();
        self.empty();
        drop(self.queue.close());
        self.unpark();
    }
}
