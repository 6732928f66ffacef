//! Lift's pool against its peers, in the same run: `cargo bench -p benches --bench pool`, with `-- --quick` for few
//! and short rounds.
//!
//! Every contender runs one short round after the other's, many times over; a number is the median of its rounds,
//! and a ratio is the median of the ratios within each round, so that a machine that is busy for a while skews no
//! comparison. Nothing is asserted here.

mod backend;
mod peers;
mod report;
mod scenarios;

use std::time::Duration;

use benches::{asked_for, run};
use peers::{Bb8, Bounded, Lift, Managed, Mobc, Peer, Unmanaged};
use report::{Table, Unit};
use scenarios::{Effort, Workers};

/// A contest between all pools, or the named ones, in a scenario.
macro_rules! contest {
    ($effort:expr, $scenario:ident $arguments:tt) => {
        contest!($effort, [Lift, Managed, Bounded, Unmanaged, Bb8, Mobc], $scenario $arguments)
    };
    ($effort:expr, [$($peer:ident),*], $scenario:ident $arguments:tt) => {
        run($effort.rounds, vec![$(($peer::NAME, scenarios::$scenario::<$peer> $arguments)),*])
    };
}

fn main() {
    let effort = asked_for(Effort::SMOKE, Effort::QUICK, Effort::FULL);
    let mut table = Table::new(effort.rounds);
    throughput(&mut table, effort);
    fairness(&mut table, Effort { rounds: effort.rounds.div_ceil(4), ..effort });
    opening(&mut table, Effort { rounds: effort.rounds.div_ceil(4), ..effort });
    println!("{table}");
}

fn throughput(table: &mut Table, effort: Effort) {
    let one = contest!(effort, alone(effort.gets));
    table.add("get + return, 1 task", "≤ 0.25 × managed", Unit::Time, one.column(0));
    let counted = contest!(Effort { rounds: 1, ..effort }, allocations(effort.gets));
    table.add("– allocations of one get", "0", Unit::Number, counted.column(0));
    let two = contest!(effort, together(Workers::Two, 2, 16, effort.gets, false));
    table.add("2 tasks, 2 workers", "", Unit::Time, two.column(0));
    let many = contest!(effort, together(Workers::Two, 64, 16, effort.gets, true));
    table.add("64 tasks on 16, 2 workers", "≤ 1.1 × managed", Unit::Time, many.column(0));
    let many = contest!(effort, together(Workers::One, 64, 16, effort.gets, true));
    table.add("64 tasks on 16, 1 worker", "≤ 1.1 × managed", Unit::Time, many.column(0));
}

fn fairness(table: &mut Table, effort: Effort) {
    for (workers, what) in
        [(Workers::Two, "256 tasks on 4, 2 workers"), (Workers::One, "256 tasks on 4, 1 worker")]
    {
        let waits = contest!(effort, compete(workers, 256, 4, effort.slice));
        table.add(what, "≤ 1.1 × managed", Unit::Time, waits.column(4));
        table.add("– wait p50", "", Unit::Time, waits.column(0));
        table.add("– wait p99", "", Unit::Time, waits.column(1));
        table.add("– wait p99.9", "", Unit::Time, waits.column(2));
        table.add("– fewest/most gets of one task", "≥ 0.9", Unit::Number, waits.column(3));
    }
}

fn opening(table: &mut Table, effort: Effort) {
    let connect = Duration::from_millis(5);
    let warm = contest!(effort, [Lift, Managed, Bounded, Bb8, Mobc], warm(connect, 16));
    table.add("one connect (5 ms)", "", Unit::Time, warm.column(0));
    table.add("pre-warm of 16", "", Unit::Time, warm.column(1));
    table.add("– as a multiple of one connect", "≤ 4", Unit::Number, warm.column(2));
    // deadpool without time-outs waits for ever, and its unmanaged pool validates nothing.
    let silent = contest!(effort, [Lift, Bounded, Bb8, Mobc], silent(connect, 8));
    let target = "≤ one validation (100 ms) + one connect (5 ms)";
    table.add("one get, 8 silent connections", target, Unit::Time, silent.column(0));
}
