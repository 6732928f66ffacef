//! What borrowers leave behind, while connections are killed and expire under load: nothing of it reaches anybody else, no
//! call waits for another one's connection, and what was acknowledged is there, counted from outside the pools.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use lift::postgres::Error;
use lift::prelude::*;
use lift::redis::{AsyncCommands, Value, cmd, pipe};
use lift::sqlite::params;
use lift::testing::TestService;
use tests::servers::{Postgres, Redis};
use tokio::task::JoinSet;

use crate::server::Server;
use crate::service::{CALLERS, Call, Calls, Failed, call, nobody_is_left, quick_or_full, shut_down};

#[derive(Resource)]
#[resource(name = "ledger", pool(max_size = 4, max_lifetime = "700ms"))]
struct Ledger(lift::postgres::Connection);

#[derive(Resource)]
#[resource(name = "db", pool(max_size = 4, max_lifetime = "700ms"), after_connect = Self::prepare)]
struct Stock(lift::redis::Connection);

impl Stock {
    async fn prepare(&mut self) -> Result<(), lift::redis::Error> {
        Ok(self.command(cmd("SELECT").arg(1)).await?)
    }
}

#[derive(Resource)]
#[resource(name = "journal", pool(max_size = 4, max_lifetime = "700ms"))]
struct Journal(lift::sqlite::Connection);

impl From<lift::sqlite::Error> for Failed {
    fn from(error: lift::sqlite::Error) -> Self {
        Self::Refused(error.into())
    }
}

#[lift::handler(GET, "/ledger/{id}")]
async fn ledger(id: i64, ledger: Pooled<Ledger>) -> Result<(), Failed> {
    ledger.execute("INSERT INTO entry (id) VALUES ($1)", &[&id]).await?;
    // Its columns come and go.
    ledger.query_one("SELECT * FROM entry WHERE id = $1", &[&id]).await?;
    Ok(())
}

#[lift::handler(GET, "/transfer/{id}")]
async fn transfer(id: i64, mut ledger: Pooled<Ledger>) -> Result<(), Failed> {
    ledger
        .transaction(async |tx| tx.execute("INSERT INTO entry (id) VALUES ($1)", &[&id]).await.map(drop))
        .await
        .map_err(Failed::from)
}

/// Fails in the middle of its work, in one way or another, with an entry that nobody may ever see.
#[lift::handler(GET, "/mess/{id}")]
async fn mess(id: i64, mut ledger: Pooled<Ledger>) -> Result<(), Failed> {
    let entry = format!("INSERT INTO entry (id) VALUES (-{id})");
    let driver = |error: lift::postgres::tokio_postgres::Error| Failed::from(Error::from(error));
    match id % 6 {
        0 => ledger.batch(&format!("/* service=orders */ BEGIN; {entry}")).await?,
        1 => ledger.batch(&format!("-- x\nBEGIN; {entry}; DO $$ BEGIN PERFORM 1; END $$")).await?,
        2 => ledger.client().batch_execute(&format!("BEGIN; {entry}")).await.map_err(driver)?,
        3 => {
            ledger.client().batch_execute(&format!("START TRANSACTION; {entry}")).await.map_err(driver)?;
            let failed = ledger.query_one("SELECT 1 / 0", &[]).await;
            assert!(failed.is_err());
        }
        4 => {
            let transaction = ledger.transaction(async |tx| {
                tx.batch(&entry).await?;
                std::future::pending::<Result<(), Error>>().await
            });
            let _ = tokio::time::timeout(Duration::from_millis(3), transaction).await;
        }
        _ => drop(
            tokio::time::timeout(Duration::from_millis(3), ledger.query("SELECT pg_sleep(9)", &[])).await,
        ),
    }
    Ok(())
}

/// What there is at first.
const STOCK: i64 = 1_000_000;

/// Takes one from the stock, unless somebody else is faster; it looks whether the session is as it was opened.
#[lift::handler(GET, "/stock")]
async fn stock(mut stock: Pooled<Stock>) -> Result<String, Failed> {
    loop {
        let info: String = stock.command(cmd("CLIENT").arg("INFO")).await?;
        assert!(
            info.contains(" flags=N db=1 ") && info.contains(" multi=-1 ") && info.contains(" name=db "),
            "{info}"
        );
        let () = stock.command(cmd("WATCH").arg("stock")).await?;
        let left = stock.get::<_, Option<i64>>("stock").await?.unwrap_or(STOCK);
        let mut commands = pipe();
        commands.atomic().set("stock", left - 1).ignore().incr("taken", 1).ignore();
        if stock.pipeline::<Option<()>>(&commands).await?.is_some() {
            return Ok(info);
        }
    }
}

/// Changes the session, and is none the wiser.
#[lift::handler(GET, "/change/{id}")]
async fn change(id: i64, mut stock: Pooled<Stock>) -> Result<(), Failed> {
    let commands: &[&str] = match id % 6 {
        0 => &["SELECT 0"],
        1 => &["CLIENT TRACKING ON"],
        2 => &["CLIENT NO-EVICT ON"],
        3 => &["CLIENT SETNAME mine"],
        4 => &["MULTI", "DECRBY stock 1000000"],
        _ => &["WATCH stock"],
    };
    for command in commands {
        let mut words = lift::redis::Cmd::new();
        for word in command.split(' ') {
            words.arg(word);
        }
        let _: Value = stock.command(&words).await?;
    }
    Ok(())
}

#[lift::handler(GET, "/journal/{id}")]
async fn journal(id: i64, mut journal: Pooled<Journal>) -> Result<(), Failed> {
    let write = journal.call(move |db| {
        let keys: bool = db.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
        let databases: i64 =
            db.query_row("SELECT count(*) FROM pragma_database_list WHERE name <> 'temp'", [], |row| {
                row.get(0)
            })?;
        assert!(keys && databases == 1, "keys {keys}, databases {databases}");
        db.execute("INSERT INTO entry VALUES (?)", params![id]).map(drop)
    });
    Ok(write.await?)
}

#[lift::handler(GET, "/deface/{id}")]
async fn deface(id: i64, mut journal: Pooled<Journal>) -> Result<(), Failed> {
    let statements = match id % 4 {
        0 => "PRAGMA foreign_keys = OFF",
        1 => "PRAGMA query_only = ON",
        2 => "ATTACH ':memory:' AS other",
        _ => "BEGIN; INSERT INTO entry VALUES (-1)",
    };
    Ok(journal.call(move |db| db.execute_batch(statements)).await?)
}

/// Two of one pool and one of two others, in an order of its own.
#[lift::handler(GET, "/both/{id}")]
async fn both(
    id: i64,
    one: Pooled<Ledger>,
    mut stock: Pooled<Stock>,
    two: Pooled<Ledger>,
    mut journal: Pooled<Journal>,
) -> Result<(), Failed> {
    let () = stock.command(&cmd("PING")).await?;
    one.execute("INSERT INTO entry (id) VALUES ($1)", &[&id]).await?;
    two.query_one("SELECT 1 FROM entry WHERE id = $1", &[&id]).await?;
    journal.call(move |db| db.execute("INSERT INTO entry VALUES (?)", params![id])).await?;
    Ok(())
}

#[lift::handler(GET, "/htob/{id}")]
async fn htob(
    id: i64,
    mut journal: Pooled<Journal>,
    mut stock: Pooled<Stock>,
    one: Pooled<Ledger>,
) -> Result<(), Failed> {
    journal.call(move |db| db.execute("INSERT INTO entry VALUES (?)", params![id])).await?;
    let () = stock.command(&cmd("PING")).await?;
    one.execute("INSERT INTO entry (id) VALUES ($1)", &[&id]).await?;
    Ok(())
}

const PATHS: [&str; 8] = ["ledger", "transfer", "mess", "change", "journal", "deface", "both", "htob"];

/// Calls one after the other, with numbers that nobody else has: what came of each.
async fn client(
    service: Arc<TestService>,
    numbers: Arc<AtomicI64>,
    over: Arc<AtomicBool>,
) -> Vec<(&'static str, i64, Call)> {
    let (mut calls, mut rng) = (Vec::new(), fastrand::Rng::new());
    while !over.load(Ordering::SeqCst) {
        let id = numbers.fetch_add(1, Ordering::SeqCst);
        let (name, path) = match rng.choice(PATHS.iter()) {
            Some(path) if rng.u8(0..5) > 0 => (*path, format!("/{path}/{id}")),
            _ => ("stock", "/stock".to_owned()),
        };
        calls.push((name, id, call(&service, &path).await));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_borrowers_leave_behind_reaches_nobody_under_load_and_kills() {
    let (postgres, redis) = (<Postgres as Server>::start(), <Redis as Server>::start());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    postgres.sql("CREATE TABLE entry (id bigint PRIMARY KEY); GRANT ALL ON entry TO service");
    lift::sqlite::rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE TABLE entry (id INTEGER PRIMARY KEY)")
        .unwrap();
    let app = App::new("left-behind")
        .handlers(lift::handlers![ledger, transfer, mess, stock, change, journal, deface, both, htob]);
    let service = app
        .test()
        .var("LEDGER_URL", Server::url(&postgres))
        .var("DB_URL", Server::url(&redis))
        .var("JOURNAL_URL", file.display().to_string())
        .start()
        .await
        .unwrap();
    let (service, over, numbers) =
        (Arc::new(service), Arc::<AtomicBool>::default(), Arc::new(AtomicI64::new(1)));
    let mut clients = JoinSet::new();
    for _ in 0..CALLERS {
        clients.spawn(client(service.clone(), numbers.clone(), over.clone()));
    }

    let (began, lasts) = (Instant::now(), quick_or_full(Duration::from_secs(4), Duration::from_secs(60)));
    let (mut kills, mut migrations) = (0, 0);
    while began.elapsed() < lasts {
        tokio::time::sleep(Duration::from_millis(150)).await;
        match kills % 3 {
            0 => drop(postgres.terminate_all()),
            1 => drop(redis.kill_clients()),
            _ => {}
        }
        kills += 1;
        for statement in ["ALTER TABLE entry ADD note text", "ALTER TABLE entry DROP note"] {
            // Those whose transactions a mess holds open would keep it waiting.
            postgres.sql(&format!("SET lock_timeout = '50ms'; DO $$ BEGIN {statement}; EXCEPTION WHEN lock_not_available OR duplicate_column OR undefined_column THEN NULL; END $$"));
            migrations += 1;
        }
    }
    over.store(true, Ordering::SeqCst);
    let calls: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    shut_down(service).await;
    nobody_is_left(&postgres).await;
    nobody_is_left(&redis).await;

    // From outside.
    let in_ledger: BTreeSet<i64> =
        postgres.sql("SELECT id FROM entry").iter().map(|id| id.parse().unwrap()).collect();
    let outside = lift::sqlite::rusqlite::Connection::open(&file).unwrap();
    let mut rows = outside.prepare("SELECT id FROM entry").unwrap();
    let in_journal: BTreeSet<i64> =
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut acknowledged = 0;
    for (name, id, call) in &calls {
        if !call.worked() {
            continue;
        }
        let (ledger, journal) = match *name {
            "ledger" | "transfer" => (true, false),
            "journal" => (false, true),
            "both" | "htob" => (true, true),
            _ => continue,
        };
        acknowledged += 1;
        assert!(!ledger || in_ledger.contains(id), "lost: {name} {id}");
        assert!(!journal || in_journal.contains(id), "lost: {name} {id}");
    }
    assert!(
        in_ledger.iter().chain(&in_journal).all(|id| *id > 0),
        "somebody has committed another one's mess"
    );
    let calls = Calls(calls.into_iter().map(|(.., call)| call).collect());
    calls.assert_failures_are(&["AWAY", "RESOURCE_UNAVAILABLE"], Duration::from_secs(2));
    println!(
        "fault: what borrowers leave behind, {kills} kills and {migrations} migrations in {:.0?}: {calls}, writes acknowledged \
         {acknowledged}, lost 0",
        began.elapsed()
    );
    assert!(acknowledged > 100, "{acknowledged}");
}
