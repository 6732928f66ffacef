//! What a probe costs and what components hold, in this process and without a socket: the rest of a probe's path.

use std::hint::black_box;
use std::iter::repeat_n;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use benches::Contender;
use lift::testing::TestService;
use tokio::runtime::{Builder, Runtime};

use super::components::{Check, app};

/// Every result is fresh.
pub(crate) const CACHED: Duration = Duration::from_secs(3600);

/// Every probe runs all checks.
pub(crate) const COLD: Duration = Duration::ZERO;

/// One thread: allocations of others are not counted.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn start(components: usize, cache: Duration) -> TestService {
    app(repeat_n(Check::Trivial, components), cache).test().start().await.unwrap()
}

async fn ask(service: &TestService, probes: usize) {
    for _ in 0..probes {
        black_box(service.get("/health").await.unwrap());
    }
}

/// Nanoseconds and allocations of one probe.
pub(crate) fn probe(components: usize, cache: Duration, probes: usize) -> Contender {
    let runtime = runtime();
    let service = runtime.block_on(start(components, cache));
    Box::new(move || {
        let begin = Instant::now();
        let counted = measure(|| runtime.block_on(ask(&service, probes)));
        let nanos = begin.elapsed().as_nanos() as f64;
        vec![nanos / probes as f64, counted.count_total as f64 / probes as f64]
    })
}

/// Bytes that a service holds for each of so many components, after one probe and after many that ran all checks.
pub(crate) fn held_by_each(components: usize, probes: usize) -> [f64; 2] {
    let runtime = runtime();
    // What the runtime and others hold from the first time on is not the components'.
    held(&runtime, components, 1);
    let [first, last] = held(&runtime, components, probes);
    let [first_of_none, last_of_none] = held(&runtime, 0, probes);
    [first - first_of_none, last - last_of_none].map(|bytes| bytes as f64 / components as f64)
}

fn held(runtime: &Runtime, components: usize, probes: usize) -> [i64; 2] {
    let mut service = None;
    let first = measure(|| {
        let service = service.insert(runtime.block_on(start(components, COLD)));
        runtime.block_on(ask(service, 1));
    });
    let others = measure(|| runtime.block_on(ask(service.as_ref().unwrap(), probes - 1)));
    [first.bytes_current, first.bytes_current + others.bytes_current]
}
