//! Functions as processes against a Runtime API: `cargo bench -p benches --bench end_to_end`, with `-- --quick` for few
//! and short rounds.
//!
//! Lift and its peers answer the same event of an HTTP API, each as a process on one core. A number is the median of interleaved rounds, and a ratio is the median of the ratios within each round.
//! Nothing is asserted here about speed.

use std::time::Instant;

use benches::function::{EVENT, Program, VERSIONS};
use benches::runtime_api::{Place, RuntimeApi};
use benches::{Contender, Measured, Table, asked_for, heading, median, run, time};

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    /// Events in one round.
    events: usize,
}

const FULL: Effort = Effort { rounds: 101, events: 1_000 };
const QUICK: Effort = Effort { rounds: 31, events: 500 };
const SMOKE: Effort = Effort { rounds: 1, events: 10 };

fn main() {
    let effort = asked_for(SMOKE, QUICK, FULL);
    println!("{}; medians of {} interleaved rounds.\n", heading("end_to_end"), effort.rounds);
    println!(
        "CPU of the function's process for one event, in user and kernel, and the time from one event to the next. On \
         one core, the Runtime API runs where the function does, as in a sandbox of Lambda with one CPU; on two, each has \
         its own, and most of the CPU may be what a virtual machine pays for waking the other one up. Each function has \
         a runtime of one thread, and the peers log nothing. `×` is lift's CPU as a multiple of the peer's, below 1 is \
         better; the target is at most 0.5× of lambda_http + axum.\n"
    );
    let programs = VERSIONS.map(|(name, package)| (name, Program::build(package)));
    let places = [Place::OneCore, Place::TwoCores];
    let [one, two] = places.map(|place| {
        let contender = |(name, program): &_| (*name, contender(program, place, effort.events));
        run(effort.rounds, programs.iter().map(contender).collect())
    });
    let mut table = Table::new(["CPU, one core", "×", "elapsed", "CPU, two cores", "×", "elapsed"]);
    for ((name, one), (_, two)) in cells(&one).into_iter().zip(cells(&two)) {
        table.row(name, one.into_iter().chain(two));
    }
    println!("{table}");
}

/// CPU, lift's as a multiple of it, and the time of each contender.
fn cells(measured: &Measured) -> Vec<(&'static str, [String; 3])> {
    let (cpu, elapsed) = (measured.column(0), measured.column(1));
    let own = cpu[0].1.clone();
    let cells = cpu.into_iter().zip(elapsed).map(|((name, cpu), (_, elapsed))| {
        let ratios = own.iter().zip(&cpu).map(|(own, other)| own / other);
        let ratio = format!("{:.2}×", median(ratios.collect()));
        (name, [time(median(cpu)), ratio, time(median(elapsed))])
    });
    cells.collect()
}

/// A function that runs, idle but for its rounds; its CPU and the time for one event, in nanoseconds.
fn contender(program: &Program, place: Place, events: usize) -> Contender {
    let api = RuntimeApi::start(EVENT, place);
    let function = program.start(&api);
    Box::new(move || {
        let (before, begin) = (function.cpu(), Instant::now());
        api.invoke(events);
        let elapsed = begin.elapsed().as_nanos() as f64;
        [function.cpu() - before, elapsed].map(|nanos| nanos / events as f64).into()
    })
}
