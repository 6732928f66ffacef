//! What health costs: `cargo bench -p benches --bench health`, with `-- --quick` for few and short rounds.
//!
//! A probe's cost without a socket, the memory of components, and probes of a real service with two components that
//! misbehave for ever. Nothing is asserted here.

mod components;
mod cost;
mod load;
mod service;

use std::thread;
use std::time::{Duration, Instant};

use benches::{Table, asked_for, heading, median, percentile, run, time};
use cost::{CACHED, COLD};
use load::Answer;
use service::Service;

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    /// Probes in one round.
    probes: usize,
    /// Probes after which memory is measured once more.
    many: usize,
    /// For how long a service is probed before it counts, and while it does.
    skipped: Duration,
    counted: Duration,
}

const SECOND: Duration = Duration::from_secs(1);
const FULL: Effort =
    Effort { rounds: 41, probes: 2_000, many: 10_000, skipped: SECOND, counted: SECOND.saturating_mul(29) };
const QUICK: Effort = Effort { rounds: 5, counted: SECOND.saturating_mul(4), ..FULL };
const SMOKE: Effort =
    Effort { rounds: 1, probes: 10, many: 10, skipped: Duration::ZERO, counted: Duration::from_millis(100) };

fn main() {
    if service::is_this() {
        return service::serve();
    }
    let effort = asked_for(SMOKE, QUICK, FULL);
    println!("{}; medians of {} interleaved rounds.\n", heading("health"), effort.rounds);
    println!(
        "`/health` in process: the whole path of a probe but its socket, with trivial components. *Cached*: all results \
         are fresh; *cold*: every probe runs all checks. The times of pay-theory's lift for Go were measured on another \
         machine; `×` is this lift's as a multiple of them.\n"
    );
    println!("{}", costs(effort));
    println!("Memory of one of 20 components, with its check; every probe ran all checks.\n");
    println!("{}", memory(effort));
    println!(
        "`/health` by HTTP: {} probes a second for {} s on {} kept connections, to a service in a process of its own \
         with 20 components on 2 workers; one never returns and one blocks its thread for ever, so 503 is right. \
         Latency counts from when a probe was due, and what was sent late was late because of this program, its \
         machine, or the answer before; CPU is in percent of one core.\n",
        load::RATE,
        effort.counted.as_secs_f64(),
        load::CONNECTIONS
    );
    println!("{}", probes(effort));
}

fn costs(effort: Effort) -> Table {
    // With what is known of Go's, in nanoseconds.
    let scenarios = [
        ("5 components, cached", 5, CACHED, 7_400.0),
        ("20 components, cached", 20, CACHED, 34_500.0),
        ("5 components, cold", 5, COLD, 15_600.0),
        ("20 components, cold", 20, COLD, 67_600.0),
    ];
    let contender = |(name, components, cache, _)| (name, cost::probe(components, cache, effort.probes));
    let measured = run(effort.rounds, scenarios.map(contender).into());
    let mut table = Table::new(["lift", "allocations", "lift for Go, elsewhere", "×"]);
    let (times, allocations) = (measured.column(0), measured.column(1));
    for (((name, nanos), (_, allocations)), (.., known)) in times.into_iter().zip(allocations).zip(scenarios)
    {
        let nanos = median(nanos);
        let allocations = format!("{:.1}", median(allocations));
        table.row(name, [time(nanos), allocations, time(known), format!("{:.2}×", nanos / known)]);
    }
    table
}

fn memory(effort: Effort) -> Table {
    let mut table = Table::new(["bytes"]);
    let [first, last] = cost::held_by_each(20, effort.many);
    table.row("after 1 probe", [format!("{first:.1}")]);
    table.row(&format!("after {} probes", effort.many), [format!("{last:.1}")]);
    table
}

fn probes(effort: Effort) -> Table {
    let columns =
        ["p50", "p99", "max", "sent late, p99", "503 of probes", "CPU", "RSS at begin", "RSS at end"];
    let mut table = Table::new(columns);
    for (name, own_thread) in [("main listener", false), ("listener on a thread of its own", true)] {
        let service = Service::start(own_thread);
        let counted = Instant::now() + effort.skipped;
        let end = counted + effort.counted;
        let usage_at = |moment: Instant| {
            thread::sleep(moment.saturating_duration_since(Instant::now()));
            service.usage()
        };
        let (answers, usage) = thread::scope(|scope| {
            let asking = scope.spawn(|| load::probe(service.address, counted, end));
            let usage = usage_at(counted).zip(usage_at(end));
            (asking.join().unwrap(), usage)
        });
        let at = |share: f64, nanos: fn(&Answer) -> u64| {
            let mut all: Vec<_> = answers.iter().map(nanos).collect();
            all.sort_unstable();
            time(percentile(&all, share))
        };
        let expected = answers.iter().filter(|answer| answer.expected).count();
        let [cpu, first, last] = match usage {
            Some(((cpu_before, first), (cpu, last))) => [
                format!("{:.1} %", (cpu - cpu_before) / effort.counted.as_secs_f64() * 100.0),
                format!("{first} kB"),
                format!("{last} kB"),
            ],
            None => ["–", "–", "–"].map(str::to_owned),
        };
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| at(share, |answer| answer.done));
        let late = at(0.99, |answer| answer.sent);
        table.row(name, [p50, p99, max, late, format!("{expected} of {}", answers.len()), cpu, first, last]);
    }
    table
}
