//! The pool under every order of its threads that loom can find.
//!
//! It is lift's own source, compiled with `sync.rs` of this folder instead of its own: what threads meet at is then made of
//! loom's primitives, and every task is a thread. Nobody's time is ever over here, so that a caller who is not woken sleeps
//! for good, which loom tells as a deadlock. A model may have five threads; the connects and the cleanups are some of them.
#![allow(clippy::unwrap_used, clippy::panic)] // tests fail loudly

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::poll_immediate;
use lift_with_loom::config::{Invalid, Section, Settings};
use lift_with_loom::pool::{Pool, PoolError, PoolSettings, Pooled, begin, both};
use lift_with_loom::testing::Clock;
use lift_with_loom::{Init, Resource};
use loom::future::block_on;
use loom::thread;

/// The other side. What it counts is no part of what loom orders.
#[derive(Clone, Default)]
struct Backend(Arc<Seen>);

#[derive(Default)]
struct Seen {
    open: AtomicUsize,
    most: AtomicUsize,
    created: AtomicUsize,
    /// How many connects it refuses first.
    refuses: AtomicUsize,
}

impl Settings for Backend {
    fn read(_: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self::default())
    }
}

struct Session(Backend);

impl Resource for Session {
    type Config = Backend;
    type Error = &'static str;

    async fn initialize(backend: &Backend, _: &Init) -> Result<Self, &'static str> {
        let seen = &backend.0;
        if seen.refuses.load(Ordering::Relaxed) > 0 {
            seen.refuses.fetch_sub(1, Ordering::Relaxed);
            return Err("refused");
        }
        seen.created.fetch_add(1, Ordering::Relaxed);
        seen.most.fetch_max(seen.open.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Ok(Self(backend.clone()))
    }

    async fn health_check(&mut self) -> Result<(), &'static str> {
        Ok(())
    }

    async fn cleanup(self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Of another pool.
struct Other(Session);

impl Resource for Other {
    type Config = Backend;
    type Error = &'static str;

    async fn initialize(backend: &Backend, init: &Init) -> Result<Self, &'static str> {
        Session::initialize(backend, init).await.map(Self)
    }

    async fn health_check(&mut self) -> Result<(), &'static str> {
        self.0.health_check().await
    }

    async fn cleanup(self) {
        self.0.cleanup().await;
    }
}

impl Backend {
    /// One that refuses so many connects before it takes any.
    fn refusing(count: usize) -> Self {
        let backend = Self::default();
        backend.0.refuses.store(count, Ordering::Relaxed);
        backend
    }

    fn pool<R: Resource<Config = Self>>(&self, max_size: usize) -> Pool<R> {
        Pool::with_clock(self.clone(), PoolSettings::default().with_max_size(max_size), &Clock::held())
    }

    fn most(&self) -> usize {
        self.0.most.load(Ordering::Relaxed)
    }

    fn created(&self) -> usize {
        self.0.created.load(Ordering::Relaxed)
    }
}

fn get(pool: &Pool<Session>) -> Result<Pooled<Session>, PoolError> {
    block_on(pool.get())
}

/// A thread that uses the pool.
fn beside<T: 'static>(
    pool: &Pool<Session>,
    work: impl FnOnce(&Pool<Session>) -> T + 'static,
) -> thread::JoinHandle<T> {
    let pool = pool.clone();
    thread::spawn(move || work(&pool))
}

/// A thread that borrows once.
fn caller(pool: &Pool<Session>) -> thread::JoinHandle<()> {
    beside(pool, |pool| drop(get(pool).unwrap()))
}

/// Tries the orders in which a thread is interrupted at most so often, of a model that starts so many threads itself.
fn explore(preemptions: usize, threads: usize, model: impl Fn() + Send + Sync + 'static) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    // loom's threads are coroutines of this one.
    let _entered = runtime.enter();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(move || {
        begin(4 - threads);
        model();
    });
}

#[test]
fn a_connection_that_comes_back_reaches_whoever_waits() {
    explore(2, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(1);
        let other = caller(&pool);
        drop(get(&pool).unwrap());
        other.join().unwrap();
        assert_eq!((backend.created(), backend.most()), (1, 1));
    });
}

#[test]
fn each_caller_gets_a_connection_while_there_are_places() {
    explore(1, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(2);
        let other = beside(&pool, |pool| get(pool).unwrap());
        let held = get(&pool).unwrap();
        drop((held, other.join().unwrap()));
        assert_eq!((backend.created(), backend.most()), (2, 2));
    });
}

#[test]
fn a_caller_that_leaves_takes_nothing_along() {
    explore(2, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(1);
        let leaver = beside(&pool, |pool| drop(block_on(poll_immediate(pool.get()))));
        drop(get(&pool).unwrap());
        leaver.join().unwrap();
        drop(get(&pool).unwrap());
        assert_eq!((backend.created(), backend.most()), (1, 1));
    });
}

#[test]
fn a_connect_that_fails_is_tried_again_for_whoever_waits() {
    explore(1, 1, || {
        let backend = Backend::refusing(1);
        let pool = backend.pool(1);
        let other = caller(&pool);
        drop(get(&pool).unwrap());
        other.join().unwrap();
        assert_eq!(backend.created(), 1);
    });
}

#[test]
fn whoever_waits_is_told_that_the_backend_is_sick() {
    explore(0, 1, || {
        let pool = Backend::refusing(usize::MAX).pool(1);
        let other = beside(&pool, |pool| assert!(get(pool).is_err()));
        assert!(get(&pool).is_err());
        other.join().unwrap();
    });
}

#[test]
fn a_connection_that_is_closed_makes_room_for_whoever_waits() {
    explore(2, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(1);
        let held = get(&pool).unwrap();
        let other = caller(&pool);
        held.discard();
        other.join().unwrap();
        assert_eq!((backend.created(), backend.most()), (2, 1));
    });
}

#[test]
fn whoever_takes_what_is_at_hand_leaves_a_free_place_to_whoever_waits() {
    explore(2, 2, || {
        let backend = Backend::default();
        let pool = backend.pool(2);
        let held = get(&pool).unwrap();
        let taker = beside(&pool, |pool| pool.try_get());
        let other = beside(&pool, |pool| get(pool).unwrap());
        drop(held);
        drop((taker.join().unwrap(), other.join().unwrap()));
        assert!(backend.most() <= 2);
    });
}

#[test]
fn whoever_comes_during_upkeep_is_served() {
    explore(2, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(2);
        drop(get(&pool).unwrap());
        let other = caller(&pool);
        pool.maintain();
        other.join().unwrap();
        assert!(backend.most() <= 2);
    });
}

#[test]
fn more_room_is_used_by_whoever_waits() {
    explore(2, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(1);
        let _held = get(&pool).unwrap();
        let other = caller(&pool);
        pool.resize(2);
        other.join().unwrap();
        assert_eq!((backend.created(), backend.most()), (2, 2));
    });
}

#[test]
fn the_end_reaches_whoever_waits_and_every_connection() {
    explore(2, 2, || {
        let backend = Backend::default();
        let pool = backend.pool(1);
        let held = get(&pool).unwrap();
        let other = beside(&pool, |pool| assert!(matches!(get(pool), Ok(_) | Err(PoolError::Closed { .. }))));
        let holder = thread::spawn(|| drop(held));
        block_on(pool.close());
        other.join().unwrap();
        holder.join().unwrap();
        assert!(pool.try_get().is_none() && pool.stats().idle == 0);
    });
}

#[test]
fn calls_for_several_of_one_pool_do_not_wait_for_each_other() {
    explore(1, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(2);
        let other = beside(&pool, |pool| assert_eq!(block_on(pool.get_many(2)).unwrap().len(), 2));
        assert_eq!(block_on(pool.get_many(2)).unwrap().len(), 2);
        other.join().unwrap();
        assert!(backend.most() <= 2);
    });
}

#[test]
fn whoever_comes_beside_a_call_for_several_is_served() {
    explore(1, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(2);
        let other = caller(&pool);
        drop(block_on(pool.get_many(2)).unwrap());
        other.join().unwrap();
        assert!(backend.most() <= 2);
    });
}

#[test]
fn a_call_for_several_that_leaves_takes_nothing_along() {
    explore(1, 1, || {
        let backend = Backend::default();
        let pool = backend.pool(2);
        let leaver = beside(&pool, |pool| drop(block_on(poll_immediate(pool.get_many(2)))));
        drop((get(&pool).unwrap(), get(&pool).unwrap()));
        leaver.join().unwrap();
        assert_eq!(block_on(pool.get_many(2)).unwrap().len(), 2);
        assert!(backend.most() <= 2);
    });
}

#[test]
fn calls_that_take_two_pools_in_opposite_orders_are_served() {
    explore(1, 1, || {
        let (one, two) = (Backend::default(), Backend::default());
        let (left, right): (Pool<Session>, Pool<Other>) = (one.pool(1), two.pool(1));
        let other = {
            let (left, right) = (left.clone(), right.clone());
            thread::spawn(move || drop(block_on(both(&right, &left)).unwrap()))
        };
        drop(block_on(both(&left, &right)).unwrap());
        other.join().unwrap();
        assert_eq!((one.created(), two.created()), (1, 1));
    });
}
