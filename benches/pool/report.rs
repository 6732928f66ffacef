//! The table of all pools.

use std::fmt;

use benches::{Column, heading, median, time};

use super::peers::NAMES;

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
    rounds: usize,
    table: benches::Table,
}

impl Table {
    pub(crate) fn new(rounds: usize) -> Self {
        Self { rounds, table: benches::Table::new(NAMES.into_iter().chain(["target"])) }
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
        self.table.row(what, cells.into_iter().chain([target.to_owned()]));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}; medians of up to {} interleaved rounds; `×` is lift's time as a multiple of the peer's, below 1 is \
             faster.\n",
            heading("pool"),
            self.rounds
        )?;
        self.table.fmt(f)
    }
}
