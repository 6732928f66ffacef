//! What zero means for each duration and count, and what is too little or too much: one table for all settings.
//!
//! The table of the guide "Settings and hosts" has the same rows, and a test compares them.

use std::time::Duration;

use super::{Value, duration_text};

/// Which part of the settings a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Start,
    Shutdown,
    Health,
    HealthSystem,
    Pool,
    ResourceHealth,
    Postgres,
    Redis,
    Sqlite,
    Http,
    DynamoDb,
}

/// What zero says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zero {
    /// Nothing that anybody could want.
    Refused,
    /// There is no limit.
    Never(&'static str),
    /// What the key is about is not done.
    Off(&'static str),
    /// Each time, or at once.
    Always(&'static str),
}

/// The bounds of one key. Times count in milliseconds.
pub(crate) struct Limit {
    pub(crate) part: Part,
    pub(crate) key: &'static str,
    pub(crate) zero: Zero,
    /// The least that is not zero.
    least: u64,
    most: u64,
}

const SECOND: u64 = 1_000;
/// What Lambda gives an invocation.
const INVOCATION: u64 = 15 * 60 * SECOND;
const DAY: u64 = 24 * 60 * 60 * SECOND;
/// Linux takes 1 to 32,767 s.
const KEEPALIVE: [u64; 2] = [SECOND, 9 * 60 * 60 * SECOND];
/// As many connections as a pool may have, and as many results in a row as a check may want.
const CONNECTIONS: u64 = 10_000;
const RESULTS: u64 = 100;
const ATTEMPTS: u64 = 100;

const fn limit(part: Part, key: &'static str, zero: Zero, [least, most]: [u64; 2]) -> Limit {
    Limit { part, key, zero, least, most }
}

const ALWAYS: Zero = Zero::Always("every value is above it");

/// All of them.
pub(crate) static TABLE: &[Limit] = {
    use Part::{
        DynamoDb, Health, HealthSystem, Http, Pool, Postgres, Redis, ResourceHealth, Shutdown, Sqlite, Start,
    };
    use Zero::{Always, Never, Off, Refused};
    &[
        limit(Start, "wait", Off("start functions run once"), [1, DAY]),
        limit(Shutdown, "delay", Off("the server stops accepting at once"), [1, DAY]),
        limit(Shutdown, "grace", Refused, [1, DAY]),
        limit(Health, "interval", Refused, [1, DAY]),
        limit(HealthSystem, "memory_warn", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "memory_critical", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "throttling_warn", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "throttling_critical", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "load_warn", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "load_critical", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "descriptors_warn", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "descriptors_critical", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "disk_warn", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "disk_critical", ALWAYS, [1, u64::MAX]),
        limit(HealthSystem, "lag_warn", ALWAYS, [1, DAY]),
        limit(HealthSystem, "lag_critical", ALWAYS, [1, DAY]),
        limit(Pool, "max_size", Refused, [1, CONNECTIONS]),
        limit(Pool, "min_idle", Off("no idle connection is kept"), [1, CONNECTIONS]),
        limit(Pool, "wait", Refused, [1, INVOCATION]),
        limit(Pool, "connect_timeout", Refused, [1, INVOCATION]),
        limit(Pool, "validate_timeout", Refused, [1, INVOCATION]),
        limit(Pool, "validate_after", Always("a round trip before every use"), [1, DAY]),
        limit(Pool, "idle_timeout", Never("no connection is closed because it is idle"), [1, DAY]),
        limit(Pool, "max_lifetime", Never("no connection is closed because it is old"), [1, DAY]),
        limit(Pool, "cleanup_timeout", Refused, [1, INVOCATION]),
        limit(
            Pool,
            "leak_after",
            Always("at the end of the invocation, in a container within a second"),
            [1, DAY],
        ),
        limit(Pool, "stuck_after", Refused, [1, DAY]),
        limit(ResourceHealth, "timeout", Refused, [1, INVOCATION]),
        limit(ResourceHealth, "interval", Refused, [1, DAY]),
        limit(ResourceHealth, "fail_after", Refused, [1, RESULTS]),
        limit(ResourceHealth, "recover_after", Refused, [1, RESULTS]),
        limit(Postgres, "statement_cache", Off("nothing is prepared"), [1, u64::MAX]),
        limit(Postgres, "keepalive", Off("TCP does not ask"), KEEPALIVE),
        limit(Postgres, "statement_timeout", Never("the server ends no statement"), [1, DAY]),
        limit(Redis, "response_timeout", Never("a call may block"), [1, DAY]),
        limit(Redis, "keepalive", Off("TCP does not ask"), KEEPALIVE),
        limit(Sqlite, "busy_timeout", Off("a statement that meets a lock fails at once"), [1, DAY]),
        limit(Http, "timeout", Refused, [1, INVOCATION]),
        limit(Http, "connect_timeout", Refused, [1, INVOCATION]),
        limit(Http, "idle_timeout", Never("no connection is closed because it is idle"), [1, DAY]),
        limit(DynamoDb, "timeout", Refused, [1, INVOCATION]),
        limit(DynamoDb, "attempt_timeout", Refused, [1, INVOCATION]),
        limit(DynamoDb, "connect_timeout", Refused, [1, INVOCATION]),
        limit(DynamoDb, "attempts", Refused, [1, ATTEMPTS]),
        limit(DynamoDb, "idle_timeout", Never("no connection is closed because it is idle"), [1, DAY]),
    ]
};

/// A kind of value that a limit can be.
pub(crate) trait Amount: Value {
    /// What it counts for in the table.
    fn amount(&self) -> u64;

    /// What is wrong with one outside of these bounds.
    fn outside(amount: u64, least: u64, most: u64) -> String;
}

impl Amount for Duration {
    fn amount(&self) -> u64 {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }

    fn outside(amount: u64, least: u64, most: u64) -> String {
        let text = |amount| duration_text(Self::from_millis(amount));
        match amount {
            0 => "must be longer than zero, such as `5s`".to_owned(),
            short if short < least => format!("is shorter than `{}`, the least", text(least)),
            _ => format!("is longer than `{}`, the most", text(most)),
        }
    }
}

macro_rules! counts {
    ($($number:ty),*) => {$(
        impl Amount for $number {
            fn amount(&self) -> u64 {
                u64::try_from(*self).unwrap_or(u64::MAX)
            }

            fn outside(amount: u64, least: u64, most: u64) -> String {
                format!("{amount} is not between {least} and {most}")
            }
        }
    )*};
}
counts!(u32, usize);

/// What keeps an amount from being the value of this key.
pub(crate) fn problem<T: Amount>(part: Part, key: &str, amount: &T) -> Option<String> {
    let limit = TABLE.iter().find(|limit| limit.part == part && limit.key == key)?;
    let amount = amount.amount();
    let holds = match amount {
        0 => limit.zero != Zero::Refused,
        amount => (limit.least..=limit.most).contains(&amount),
    };
    (!holds).then(|| T::outside(amount, limit.least, limit.most))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of a part as the guide writes them.
    fn place(part: Part) -> &'static str {
        match part {
            Part::Start => "start.",
            Part::Shutdown => "shutdown.",
            Part::Health => "health.",
            Part::HealthSystem => "health.system.",
            Part::Pool => "resources.NAME.pool.",
            Part::ResourceHealth => "resources.NAME.health.",
            Part::Postgres => "PostgreSQL: ",
            Part::Redis => "Redis: ",
            Part::Sqlite => "SQLite: ",
            Part::Http => "HTTP: ",
            Part::DynamoDb => "DynamoDB: ",
        }
    }

    fn row(limit: &Limit) -> String {
        let zero = match limit.zero {
            Zero::Refused => "refused".to_owned(),
            Zero::Never(what) => format!("never: {what}"),
            Zero::Off(what) => format!("off: {what}"),
            Zero::Always(what) => format!("always: {what}"),
        };
        let key = match place(limit.part).split_once(": ") {
            Some((backend, _)) => format!("`{}` of {backend}", limit.key),
            None => format!("`{}{}`", place(limit.part), limit.key),
        };
        format!("| {key} | {zero} |")
    }

    #[test]
    fn the_guide_has_the_same_table() {
        let guide = include_str!("../../docs/hosts.md");
        let (_, section) = guide.split_once("## What zero means").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let told: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let rows: Vec<_> = TABLE.iter().map(row).collect();
        assert_eq!(told, rows, "write these rows into the guide:\n{}", rows.join("\n"));
    }

    /// Everything that is read as a duration or a number has a row, and every row is read.
    #[cfg(all(
        feature = "dynamodb",
        feature = "http",
        feature = "postgres",
        feature = "redis",
        feature = "sqlite"
    ))]
    #[test]
    fn every_duration_and_count_is_in_the_table() {
        use crate::backend::credentials::FromUrl;
        use crate::backend::{dynamodb, http, postgres, redis, sqlite};
        use crate::config::{Settings, Sources};
        use crate::pool::PoolSettings;
        use crate::resource::{ResourceSpec, Taken};

        let sources = Sources::empty();
        let mut reader = sources.reader();
        let mut spec = ResourceSpec::named("NAME");
        let taken = Taken { per_call: 1, per_invocation: 1, most: String::new() };
        let _ = crate::app::AppSettings::read(&mut reader);
        let mut section = reader.section(&["resources", "NAME"], "NAME");
        let _ = spec.read_health(section.nested("health"));
        assert!(PoolSettings::read(&spec, section.nested("pool"), &taken).is_ok());
        let _ = postgres::Config::<FromUrl>::read(&mut reader.section(&["PostgreSQL"], "POSTGRES"));
        let _ = redis::Config::<FromUrl>::read(&mut reader.section(&["Redis"], "REDIS"));
        let _ = sqlite::Config::read(&mut reader.section(&["SQLite"], "SQLITE"));
        let _ = http::Config::read(&mut reader.section(&["HTTP"], "HTTP"));
        let _ = dynamodb::Config::read(&mut reader.section(&["DynamoDB"], "DYNAMODB"));

        let amounts = [<Duration as Value>::EXPECTED, <u32 as Value>::EXPECTED];
        let is_amount = |key: &&super::super::asked::Key| amounts.contains(&key.expected);
        let read = reader.asked.keys.iter().filter(is_amount).map(|key| key.path.join("."));
        // A status of HTTP is a number and no amount.
        let mut read: Vec<_> = read.filter(|key| !key.starts_with("health.http.")).collect();
        let row = |limit: &Limit| format!("{}{}", place(limit.part).replace(": ", "."), limit.key);
        let mut rows: Vec<_> = TABLE.iter().map(row).collect();
        read.sort();
        rows.sort();
        assert_eq!(read, rows);
    }

    #[test]
    fn zero_and_both_bounds_are_judged_as_the_table_says() {
        for limit in TABLE {
            let problem = |amount| problem(limit.part, limit.key, &Duration::from_millis(amount));
            assert_eq!(problem(0).is_none(), limit.zero != Zero::Refused, "{}", limit.key);
            assert!(problem(limit.least).is_none() && problem(limit.most).is_none(), "{}", limit.key);
            assert!(limit.least == 1 || problem(limit.least - 1).is_some(), "{}", limit.key);
            assert!(limit.most == u64::MAX || problem(limit.most + 1).is_some(), "{}", limit.key);
        }
    }
}
