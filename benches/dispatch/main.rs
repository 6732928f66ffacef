//! Dispatch against its peers, in the same run: `cargo bench -p benches --bench dispatch`, with `-- --quick` for few
//! and short rounds.
//!
//! The bytes of an event go in and the bytes of its answer come out, in this process and on one thread. Every
//! contender runs one short round after the other's, many times over; a number is the median of its rounds, and a
//! ratio is the median of the ratios within each round. Nothing is asserted here about speed; that every contender
//! answers the same is.

mod breakdown;
mod contenders;
mod sources;

use benches::{Column, Measured, Table, asked_for, heading, median, run, time};
use sources::PEERS;

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    /// Events in one round.
    events: usize,
}

const FULL: Effort = Effort { rounds: 1_001, events: 200 };
const QUICK: Effort = Effort { rounds: 201, events: 100 };
const SMOKE: Effort = Effort { rounds: 1, events: 10 };

fn main() {
    let effort = asked_for(SMOKE, QUICK, FULL);
    println!(
        "{}; medians of {} interleaved rounds; `×` is the peer's time as a multiple of lift's, above 1 lift is \
         faster.\n",
        heading("dispatch"),
        effort.rounds
    );
    println!(
        "An order in JSON, with the id in the path, and a receipt in JSON; the queue's ten messages are handled one \
         after the other.\n"
    );
    let mut times = Table::new(columns(["target: lambda_http + axum", "target: raw"]));
    let mut allocations = Table::new(columns([]));
    for source in sources::all(effort.events) {
        let measured = run(effort.rounds, source.contenders);
        times.row(source.name, with_ratios(&measured).into_iter().chain(source.targets.map(str::to_owned)));
        allocations.row(source.name, counts(&measured));
    }
    println!("{times}");
    println!(
        "Allocations for one event, with the bytes that they ask for; at most 45 is the target for API Gateway v2.\n"
    );
    println!("{allocations}");
    println!("Where it goes: parts of the way of the first event.\n");
    let mut parts = Table::new(["time", "allocations"]);
    let measured = run(effort.rounds, breakdown::parts(effort.events));
    for ((name, nanos), (_, count)) in measured.column(0).into_iter().zip(measured.column(1)) {
        parts.row(name, [time(median(nanos)), format!("{:.0}", median(count))]);
    }
    println!("{parts}");
}

fn columns<const N: usize>(more: [&'static str; N]) -> impl Iterator<Item = &'static str> {
    PEERS.into_iter().chain(more)
}

/// The cell of each contender, or a dash where it does not take part.
fn cells(column: &Column, cell: impl Fn(&[f64]) -> String) -> Vec<String> {
    let numbers = |name| column.iter().find(|(other, _)| *other == name).map(|(_, numbers)| numbers);
    PEERS.map(|name| numbers(name).map_or("–".to_owned(), |numbers| cell(numbers))).into()
}

fn with_ratios(measured: &Measured) -> Vec<String> {
    let column = measured.column(0);
    let own = column.iter().find(|(name, _)| *name == PEERS[0]).map(|(_, numbers)| numbers);
    cells(&column, |numbers| {
        let middle = time(median(numbers.to_vec()));
        match own {
            Some(own) if own != numbers => {
                let ratios = numbers.iter().zip(own).map(|(other, own)| other / own);
                format!("{middle} · {:.2}×", median(ratios.collect()))
            }
            _ => format!("**{middle}**"),
        }
    })
}

fn counts(measured: &Measured) -> Vec<String> {
    let (count, bytes) = (measured.column(1), measured.column(2));
    let count = cells(&count, |numbers| format!("{:.0}", median(numbers.to_vec())));
    let bytes = cells(&bytes, |numbers| format!("{:.1} kB", median(numbers.to_vec()) / 1e3));
    let both = |(count, bytes)| if count == "–" { count } else { format!("{count} · {bytes}") };
    count.into_iter().zip(bytes).map(both).collect()
}
