//! What the benchmarks share: interleaved rounds, medians and Markdown tables; and functions as processes, with a
//! Runtime API for them.

mod cores;
pub mod function;
pub mod runtime_api;

use std::fmt;
use std::time::Instant;

/// The effort that the command line asks for. `cargo test --benches` runs a benchmark without `--bench`: only to see
/// that it still works.
pub fn asked_for<E>(smoke: E, quick: E, full: E) -> E {
    let asked = |wanted: &str| std::env::args().skip(1).any(|argument| argument == wanted);
    match (asked("--bench"), asked("--quick")) {
        (false, _) => smoke,
        (true, true) => quick,
        (true, false) => full,
    }
}

/// The command that runs this benchmark again, and the machine's cores; the caller goes on in this line.
pub fn heading(bench: &str) -> String {
    heading_of("benches", bench)
}

/// As [`heading`], for the benchmark of another package.
pub fn heading_of(package: &str, bench: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let separator = if arguments.is_empty() { "" } else { " -- " };
    format!("`cargo bench -p {package} --bench {bench}{separator}{}`\n\n{cores} cores", arguments.join(" "))
}

/// What runs one round and says what it measured, one number a row.
pub type Contender = Box<dyn FnMut() -> Vec<f64>>;

/// What each contender measured in each round.
pub struct Measured(Vec<(&'static str, Vec<Vec<f64>>)>);

/// One number of each contender in each round.
pub type Column = Vec<(&'static str, Vec<f64>)>;

/// Runs one round of each contender, then the next one of each. The first round only warms up, unless it is the only
/// one.
pub fn run(rounds: usize, contenders: Vec<(&'static str, Contender)>) -> Measured {
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
    pub fn column(&self, index: usize) -> Column {
        let numbers = |results: &Vec<Vec<f64>>| results.iter().map(|round| round[index]).collect();
        self.0.iter().map(|(name, results)| (*name, numbers(results))).collect()
    }
}

/// The middle one.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The number that this share of sorted ones does not exceed.
pub fn percentile(sorted: &[u64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize] as f64
}

/// Nanoseconds as people read them.
pub fn time(nanos: f64) -> String {
    match nanos {
        _ if nanos < 1e3 => format!("{nanos:.1} ns"),
        _ if nanos < 1e6 => format!("{:.1} µs", nanos / 1e3),
        _ => format!("{:.1} ms", nanos / 1e6),
    }
}

/// A table in Markdown.
pub struct Table {
    started: Instant,
    columns: Vec<&'static str>,
    rows: Vec<String>,
}

impl Table {
    /// A table without rows. The first column names the row.
    pub fn new(columns: impl IntoIterator<Item = &'static str>) -> Self {
        let columns = std::iter::once("").chain(columns).collect();
        Self { started: Instant::now(), columns, rows: Vec::new() }
    }

    /// Adds a row, and tells whoever waits that it is there.
    pub fn row(&mut self, what: &str, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<_> = cells.into_iter().collect();
        self.rows.push(format!("| {what} | {} |", cells.join(" | ")));
        eprintln!("[{:>5.1} s] {what}", self.started.elapsed().as_secs_f64());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "|{} |", self.columns.join(" | "))?;
        writeln!(f, "|{}", "---|".repeat(self.columns.len()))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}
