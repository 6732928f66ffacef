//! What annotations cost the compiler: `cargo bench -p benches --bench compile`, with `-- --quick` for few rounds.
//!
//! Builds services of 1, 50 and 200 handlers, each written for lift and for axum alone, again and again: their
//! dependencies once, then only the service. Nothing is asserted here.

mod package;

use benches::{Contender, Table, asked_for, heading, median, run, time};
use package::{Package, Style};

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    sizes: &'static [usize],
}

const FULL: Effort = Effort { rounds: 9, sizes: &[1, 50, 200] };
const QUICK: Effort = Effort { rounds: 3, ..FULL };

fn main() {
    // `cargo test --benches` has no time for building a second set of dependencies.
    let Some(effort) = asked_for(None, Some(QUICK), Some(FULL)) else { return };
    println!("{}; medians of {} interleaved rounds.\n", heading("compile"), effort.rounds);
    println!(
        "`cargo build` of a service after a change in it, and the lines of its source after expansion for each \
         handler. A handler reads a number from the path and answers with JSON.\n"
    );
    let mut contenders: Vec<(&'static str, Contender)> = Vec::new();
    let mut expanded = Vec::new();
    for &handlers in effort.sizes {
        for (name, style) in [("axum", Style::Axum), ("lift", Style::Lift)] {
            let package = Package::write(style, handlers);
            package.build();
            expanded.push((handlers, name, package.expanded() as f64 / handlers as f64));
            contenders.push((name, Box::new(move || vec![package.rebuild().as_nanos() as f64])));
        }
    }
    let mut table = Table::new(["lift", "axum", "lift ÷ axum", "lines, lift", "lines, axum"]);
    let times = run(effort.rounds, contenders).column(0);
    for (times, lines) in times.chunks(2).zip(expanded.chunks(2)) {
        let [(_, axum), (_, lift)] = times else { continue };
        let [(handlers, _, axum_lines), (.., lift_lines)] = lines else { continue };
        let (axum, lift) = (median(axum.clone()), median(lift.clone()));
        let lines = [lift_lines, axum_lines].map(|lines| format!("{lines:.0}"));
        let [lift_lines, axum_lines] = lines;
        let cells = [time(lift), time(axum), format!("{:.2}×", lift / axum), lift_lines, axum_lines];
        let plural = if *handlers == 1 { "" } else { "s" };
        table.row(&format!("{handlers} handler{plural}"), cells);
    }
    println!("{table}");
}
