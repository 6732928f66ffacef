//! Interleaved rounds, medians and the Markdown table.

use std::fmt;
use std::time::Instant;

use super::peers::NAMES;

/// What runs one round and says what it measured, one number a row.
pub(crate) type Contender = Box<dyn FnMut() -> Vec<f64>>;

/// What each contender measured in each round.
pub(crate) struct Measured(Vec<(&'static str, Vec<Vec<f64>>)>);

/// One number of each contender in each round.
type Column = Vec<(&'static str, Vec<f64>)>;

/// Runs one round of each contender, then the next one of each. The first round only warms up, unless it is the only
/// one.
pub(crate) fn run(rounds: usize, contenders: Vec<(&'static str, Contender)>) -> Measured {
    let mut measured: Vec<_> =
        contenders.into_iter().map(|(name, contender)| (name, contender, Vec::new())).collect();
    let warm_up = usize::from(rounds > 1);
    for round in 0..rounds + warm_up {
        for (_, contender, results) in &mut measured {
            let result = contender();
            if round >= warm_up {
                results.push(result);
            }
        }
    }
    Measured(measured.into_iter().map(|(name, _, results)| (name, results)).collect())
}

impl Measured {
    /// The number with this index of everybody.
    pub(crate) fn column(&self, index: usize) -> Column {
        let numbers = |results: &Vec<Vec<f64>>| results.iter().map(|round| round[index]).collect();
        self.0.iter().map(|(name, results)| (*name, numbers(results))).collect()
    }
}

/// How a number is shown.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// Nanoseconds, and lift's as a ratio of the peer's.
    Time,
    /// A number without a unit.
    Number,
}

/// The rows so far, in Markdown.
pub(crate) struct Table {
    started: Instant,
    rounds: usize,
    rows: Vec<String>,
}

impl Table {
    pub(crate) fn new(rounds: usize) -> Self {
        Self { started: Instant::now(), rounds, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, what: &str, target: &str, unit: Unit, column: Column) {
        let own = column[0].1.clone();
        let cells = NAMES.map(|name| {
            let Some((_, numbers)) = column.iter().find(|(other, _)| *other == name) else {
                return "–".to_owned();
            };
            let middle = median(numbers.clone());
            match unit {
                Unit::Number => format!("{middle:.2}"),
                Unit::Time if name == NAMES[0] => format!("**{}**", time(middle)),
                Unit::Time => {
                    let ratios = own.iter().zip(numbers).map(|(own, other)| own / other);
                    format!("{} · {:.2}×", time(middle), median(ratios.collect()))
                }
            }
        });
        self.rows.push(format!("| {what} | {} | {target} |", cells.join(" | ")));
        eprintln!("[{:>5.1} s] {what}", self.started.elapsed().as_secs_f64());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
        let separator = if arguments.is_empty() { "" } else { " -- " };
        writeln!(f, "`cargo bench -p benches --bench pool{separator}{}`", arguments.join(" "))?;
        writeln!(
            f,
            "\n{cores} cores; medians of up to {} interleaved rounds; `×` is lift's time as a multiple of the peer's, \
             below 1 is faster.\n",
            self.rounds
        )?;
        writeln!(f, "| | {} | target |", NAMES.join(" | "))?;
        writeln!(f, "|---|{}---|", "---|".repeat(NAMES.len()))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn time(nanos: f64) -> String {
    match nanos {
        _ if nanos < 1e3 => format!("{nanos:.1} ns"),
        _ if nanos < 1e6 => format!("{:.1} µs", nanos / 1e3),
        _ => format!("{:.1} ms", nanos / 1e6),
    }
}
