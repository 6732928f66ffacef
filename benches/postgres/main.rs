//! What a query costs through lift, beside tokio-postgres on the same server in the same run: `cargo bench -p
//! bench-postgres`, with `-- --quick` for few and short rounds.
//!
//! Every contender runs one short round after the other's, many times over, each on a connection of its own. A ratio is the
//! median of the ratios within each round. Nothing is asserted here.

use std::time::Instant;

use benches::{Column, Contender, Table, asked_for, heading_of, median, run, time};
use lift::config::Sources;
use lift::postgres::tokio_postgres::types::ToSql;
use lift::postgres::tokio_postgres::{self, Client, NoTls, Statement};
use lift::postgres::{Config, Connection, FromUrl};
use lift::{Init, Resource};
use tests::servers::Postgres;
use tokio::runtime::Runtime;

const ROW: &str = "SELECT $1::bigint";
const ROWS: &str = "SELECT i, repeat('x', 40) FROM generate_series(1, $1::bigint) AS i";

/// tokio-postgres by itself, as its documentation opens it.
async fn raw(url: &str) -> (Client, [Statement; 2]) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let statements = [client.prepare(ROW).await, client.prepare(ROWS).await];
    (client, statements.map(|statement| statement.expect("a statement")))
}

async fn opened(url: &str) -> (Connection, [Statement; 2]) {
    let config = Config::<FromUrl>::of("db", &Sources::empty().var("DB_URL", url)).expect("a configuration");
    let init = Init::new("db", std::time::Duration::from_secs(5));
    let connection = Connection::initialize(&config, &init).await.expect("a connection");
    let statements = [connection.client().prepare(ROW).await, connection.client().prepare(ROWS).await];
    (connection, statements.map(|statement| statement.expect("a statement")))
}

/// The nanoseconds of one query for one row, and of one for a thousand.
fn measured(runtime: &Runtime, count: u32, mut query: impl AsyncFnMut(usize, i64)) -> Vec<f64> {
    let mut round = |index: usize, count: u32, rows: i64| {
        runtime.block_on(async {
            let begin = Instant::now();
            for _ in 0..count {
                query(index, rows).await;
            }
            begin.elapsed().as_nanos() as f64 / f64::from(count)
        })
    };
    vec![round(0, count, 1), round(1, count.div_ceil(20), 1_000)]
}

fn main() {
    let (rounds, count) = asked_for((1, 5), (20, 400), (60, 2_000));
    let postgres = Postgres::start();
    let url = postgres.url();
    let runtime: &'static Runtime = Box::leak(Box::new(Runtime::new().expect("a runtime")));
    let (client, ours) = runtime.block_on(raw(&url));
    let (client_again, again) = runtime.block_on(raw(&url));
    let (below, theirs) = runtime.block_on(opened(&url));
    let (connection, _) = runtime.block_on(opened(&url));

    async fn ask(client: &Client, statements: &[Statement; 2], index: usize, rows: i64) {
        let parameters: [&(dyn ToSql + Sync); 1] = [&rows];
        let found = client.query(&statements[index], &parameters).await.expect("rows");
        assert_eq!(found.len(), if index == 0 { 1 } else { 1_000 });
    }
    let contenders: Vec<(&'static str, Contender)> = vec![
        (
            "tokio-postgres",
            Box::new(move || {
                measured(runtime, count, async |index, rows| ask(&client, &ours, index, rows).await)
            }),
        ),
        (
            "the same again",
            Box::new(move || {
                measured(runtime, count, async |index, rows| ask(&client_again, &again, index, rows).await)
            }),
        ),
        (
            "lift's `client()`",
            Box::new(move || {
                measured(runtime, count, async |index, rows| ask(below.client(), &theirs, index, rows).await)
            }),
        ),
        (
            "lift",
            Box::new(move || {
                measured(runtime, count, async |index, rows| {
                    let sql = if index == 0 { ROW } else { ROWS };
                    connection.query(sql, &[&rows]).await.expect("rows");
                })
            }),
        ),
    ];
    let names: Vec<_> = contenders.iter().map(|(name, _)| *name).collect();
    let measured = run(rounds, contenders);
    let mut table = Table::new(names);
    table.row("one row", cells(measured.column(0)));
    table.row("1,000 rows", cells(measured.column(1)));
    println!(
        "{}; medians of {rounds} interleaved rounds; `×` is the time as a multiple of tokio-postgres'.\n",
        heading_of("bench-postgres", "postgres")
    );
    println!("{table}");
}

fn cells(column: Column) -> Vec<String> {
    let peer = column[0].1.clone();
    let cell = |(_, numbers): (&'static str, Vec<f64>)| {
        let ratios = numbers.iter().zip(&peer).map(|(own, peer)| own / peer);
        format!("{} · {:.3}×", time(median(numbers.clone())), median(ratios.collect()))
    };
    column.into_iter().map(cell).collect()
}
