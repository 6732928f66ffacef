//! What is measured. Each function prepares a pool and gives what runs one round on it.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use benches::{Contender, percentile};
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;
use tokio::task::yield_now;

use super::backend::Backend;
use super::peers::Peer;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// Gets of all tasks in one round.
    pub(crate) gets: usize,
    /// The time of one round where time is given.
    pub(crate) slice: Duration,
}

impl Effort {
    pub(crate) const FULL: Self = Self { rounds: 41, gets: 128_000, slice: Duration::from_millis(300) };
    pub(crate) const QUICK: Self = Self { rounds: 5, gets: 64_000, slice: Duration::from_millis(150) };
    pub(crate) const SMOKE: Self = Self { rounds: 1, gets: 640, slice: Duration::from_millis(10) };
}

/// Who runs the tasks.
#[derive(Clone, Copy)]
pub(crate) enum Workers {
    /// The calling thread alone.
    One,
    Two,
}

impl Workers {
    fn runtime(self) -> Runtime {
        let mut builder = match self {
            Self::One => Builder::new_current_thread(),
            Self::Two => Builder::new_multi_thread(),
        };
        builder.worker_threads(2).enable_all().build().unwrap()
    }
}

/// A pool whose connections are all open.
async fn full<P: Peer>(size: usize) -> P {
    let pool = P::new(Backend::new(Duration::ZERO), size).await;
    pool.warm(size).await;
    pool
}

async fn take_turns<P: Peer>(pool: &P, gets: usize) {
    for _ in 0..gets {
        drop(black_box(pool.get().await));
    }
}

/// One task that gets and returns; nanoseconds of one get.
pub(crate) fn alone<P: Peer>(gets: usize) -> Contender {
    let runtime = Workers::One.runtime();
    let pool: P = runtime.block_on(full(16));
    Box::new(move || {
        let begin = Instant::now();
        runtime.block_on(take_turns(&pool, gets));
        vec![per(gets, begin)]
    })
}

/// Allocations of one get.
pub(crate) fn allocations<P: Peer>(gets: usize) -> Contender {
    let runtime = Workers::One.runtime();
    let pool: P = runtime.block_on(full(16));
    Box::new(move || {
        let counted = allocation_counter::measure(|| runtime.block_on(take_turns(&pool, gets)));
        vec![counted.count_total as f64 / gets as f64]
    })
}

/// Tasks that get and return; each holds its connection over a yield when `yielding`. Nanoseconds of one get: the time
/// of them all divided by their gets.
pub(crate) fn together<P: Peer>(
    workers: Workers,
    tasks: usize,
    size: usize,
    gets: usize,
    yielding: bool,
) -> Contender {
    let runtime = workers.runtime();
    let pool: P = runtime.block_on(full(size));
    let each = gets / tasks;
    let run = move |pool: P| async move {
        for _ in 0..each {
            let lent = black_box(pool.get().await);
            if yielding {
                yield_now().await;
            }
            drop(lent);
        }
    };
    Box::new(move || {
        let pool = pool.clone();
        let begin = Instant::now();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..tasks).map(|_| tokio::spawn(run(pool.clone()))).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        vec![per(each * tasks, begin)]
    })
}

/// Tasks that compete for few connections for a while, each holding one over a yield: the waits' p50, p99 and p99.9,
/// the fewest gets of one task by the most, and nanoseconds of one get.
pub(crate) fn compete<P: Peer>(workers: Workers, tasks: usize, size: usize, slice: Duration) -> Contender {
    let runtime = workers.runtime();
    let pool: P = runtime.block_on(full(size));
    Box::new(move || {
        let stop = Arc::new(AtomicBool::new(false));
        let ready = Arc::new(Barrier::new(tasks + 1));
        let tasks = (0..tasks).map(|_| {
            let (pool, stop, ready) = (pool.clone(), stop.clone(), ready.clone());
            runtime.spawn(async move {
                let mut waits: Vec<u64> = Vec::with_capacity(1 << 14);
                ready.wait().await;
                while !stop.load(Ordering::Relaxed) {
                    let begin = Instant::now();
                    let lent = pool.get().await;
                    waits.push(begin.elapsed().as_nanos().try_into().unwrap());
                    yield_now().await;
                    drop(lent);
                }
                waits
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let (waits, took) = runtime.block_on(async {
            ready.wait().await;
            let begin = Instant::now();
            tokio::time::sleep(slice).await;
            stop.store(true, Ordering::Relaxed);
            let took = begin.elapsed();
            (join_all(tasks).await, took)
        });
        let waits: Vec<_> = waits.into_iter().map(Result::unwrap).collect();
        let fewest = waits.iter().map(Vec::len).min().unwrap_or(0);
        let most = waits.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let mut all = waits.concat();
        all.sort_unstable();
        vec![
            percentile(&all, 0.5),
            percentile(&all, 0.99),
            percentile(&all, 0.999),
            fewest as f64 / most as f64,
            took.as_nanos() as f64 / all.len() as f64,
        ]
    })
}

/// A fresh pool's first connection, and `count` of them made ready: nanoseconds of both, and their ratio.
pub(crate) fn warm<P: Peer>(connect: Duration, count: usize) -> Contender {
    let runtime = Workers::Two.runtime();
    Box::new(move || {
        runtime.block_on(async {
            let pool = P::new(Backend::new(connect), count).await;
            let begin = Instant::now();
            drop(pool.get().await);
            let one = begin.elapsed().as_nanos() as f64;
            let pool = P::new(Backend::new(connect), count).await;
            let begin = Instant::now();
            pool.warm(count).await;
            let all = begin.elapsed().as_nanos() as f64;
            vec![one, all, all / one]
        })
    })
}

/// All `count` connections of a pool have gone silent: nanoseconds of the next get.
pub(crate) fn silent<P: Peer>(connect: Duration, count: usize) -> Contender {
    let runtime = Workers::Two.runtime();
    Box::new(move || {
        runtime.block_on(async {
            let backend = Backend::new(connect);
            let pool = P::strict(backend.clone(), count).await;
            pool.warm(count).await;
            backend.silence();
            tokio::time::sleep(Duration::from_millis(20)).await;
            let begin = Instant::now();
            drop(pool.get().await);
            vec![begin.elapsed().as_nanos() as f64]
        })
    })
}

fn per(gets: usize, begin: Instant) -> f64 {
    begin.elapsed().as_nanos() as f64 / gets as f64
}
