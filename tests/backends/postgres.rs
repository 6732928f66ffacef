use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use lift::config::{Invalid, Section, Settings};
use lift::postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use lift::postgres::{
    Config, Connection, CredentialProvider, Credentials, Error, FromUrl, IsolationLevel, Server, SqlState,
};
use lift::prelude::*;
use lift::{BoxError, Resource};
use tests::servers::{Certificate, FaultProxy, PgBouncer, Postgres};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::support::{chain, init, settings, until};

async fn try_open(url: &str, others: &[(&str, &str)]) -> Result<Connection, Error> {
    let config = Config::of("db", &settings(url, others)).unwrap_or_else(|faults| panic!("{faults}"));
    Connection::initialize(&config, &init()).await
}

async fn open(url: &str) -> Connection {
    match try_open(url, &[]).await {
        Ok(connection) => connection,
        Err(error) => panic!("{}", chain(&error)),
    }
}

async fn int(db: &Connection, sql: &str) -> i64 {
    db.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn queries_return_what_the_server_says() {
    let postgres = Postgres::start();
    let mut db = open(&postgres.url()).await;
    db.batch("CREATE TABLE item (id uuid PRIMARY KEY, name text NOT NULL, tags jsonb)").await.unwrap();
    let (id, tags) = (Uuid::new_v4(), serde_json::json!(["a"]));
    let insert = "INSERT INTO item VALUES ($1, $2, $3)";
    assert_eq!(db.execute(insert, &[&id, &"engine", &tags]).await.unwrap(), 1);
    let row = db.query_one("SELECT name, tags FROM item WHERE id = $1", &[&id]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, serde_json::Value>(1)), ("engine", tags));
    assert!(db.query_opt("SELECT 1 FROM item WHERE name = $1", &[&"x"]).await.unwrap().is_none());
    assert_eq!(db.query("SELECT generate_series(1, 3)", &[]).await.unwrap().len(), 3);
    db.health_check().await.unwrap();
    assert!(db.is_valid());

    let twice = db.execute(insert, &[&id, &"engine", &serde_json::Value::Null]).await.unwrap_err();
    assert!(twice.is_unique_violation() && !twice.is_connection(), "{}", chain(&twice));
    assert_eq!(twice.constraint(), Some("item_pkey"));
    let many = db.query_one("SELECT generate_series(1, 3)", &[]).await.unwrap_err();
    assert!(many.code().is_none() && !many.is_connection(), "{}", chain(&many));
    assert!(db.is_valid());
    assert_eq!(
        postgres.sql("SELECT application_name FROM pg_stat_activity WHERE application_name = 'db'"),
        ["db"]
    );
}

#[tokio::test]
async fn a_statement_is_prepared_once_and_then_costs_one_round_trip() {
    let postgres = Postgres::start();
    let proxy = FaultProxy::start(postgres.address());
    let db = try_open(&postgres.url_at(proxy.address()), &[("DB_STATEMENT_CACHE", "2")]).await.unwrap();
    let prepared = async || int(&db, "SELECT count(*) FROM pg_prepared_statements").await;
    let select = "SELECT 1::bigint";
    assert_eq!((int(&db, select).await, prepared().await), (1, 2));
    let before = proxy.exchanges();
    for _ in 0..10 {
        assert!(db.is_valid());
        int(&db, select).await;
    }
    assert_eq!(proxy.exchanges() - before, 10);
    // The least recently used one makes room.
    int(&db, "SELECT 2::bigint").await;
    assert_eq!(prepared().await, 2);
    let before = proxy.exchanges();
    int(&db, "SELECT 2::bigint").await;
    assert_eq!(proxy.exchanges() - before, 1);
    int(&db, select).await;
    assert_eq!(proxy.exchanges() - before, 3);
}

/// A value of a type of one's own, which a prepared statement knows by its number.
#[derive(Clone, Copy, Debug)]
struct Mood(&'static str);

impl ToSql for Mood {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(fits: &Type) -> bool {
        fits.name() == "mood"
    }

    to_sql_checked!();
}

/// Makes the type `mood` anew, as a migration does that takes a value out of it.
const OTHER_MOODS: &str =
    "BEGIN; ALTER TABLE t ALTER mood TYPE text; DROP TYPE mood; CREATE TYPE mood AS ENUM ('sad', 'glad');
    ALTER TABLE t ALTER mood TYPE mood USING mood::mood; COMMIT";

#[tokio::test]
async fn a_statement_that_is_outdated_is_prepared_again_and_nobody_sees_it() {
    let postgres = Postgres::start();
    postgres.sql("CREATE TYPE mood AS ENUM ('sad', 'glad', 'odd'); CREATE TABLE t (a int, mood mood)");
    let db = open(&postgres.url()).await;
    let insert = "INSERT INTO t VALUES ($1, $2)";
    let calls = async |db: &Connection| -> Result<usize, Error> {
        db.execute(insert, &[&1_i32, &Mood("glad")]).await?;
        db.query_opt("SELECT a FROM t WHERE mood = $1 LIMIT 1", &[&Mood("sad")]).await?;
        db.query_one("SELECT count(*) FROM t WHERE a = 1", &[]).await?;
        Ok(db.query("SELECT * FROM t", &[]).await?.len())
    };
    assert_eq!(calls(&db).await.unwrap(), 1);
    let migrations = [
        "ALTER TABLE t ADD b int DEFAULT 0",
        "ALTER TABLE t DROP b",
        OTHER_MOODS,
        "ALTER TABLE t ALTER a TYPE bigint",
        "ALTER TABLE t ALTER a TYPE text",
        "ALTER TABLE t ALTER a TYPE int USING a::int",
        "ALTER TABLE t RENAME TO old; CREATE TABLE t (LIKE old); INSERT INTO t SELECT * FROM old; DROP TABLE old",
        "ALTER TYPE mood ADD VALUE 'calm'",
        "ALTER TYPE mood RENAME TO old; CREATE TYPE mood AS ENUM ('glad', 'sad'); ALTER TABLE t ALTER mood TYPE mood USING mood::text::mood; DROP TYPE old",
    ];
    for (round, migration) in (2..).zip(migrations) {
        postgres.sql(migration);
        match calls(&db).await {
            Ok(rows) => assert_eq!(rows, round, "{migration}"),
            // The last call has to be written otherwise for a text.
            Err(_) if migration.ends_with("TYPE text") => {}
            Err(error) => panic!("{migration}: {}", chain(&error)),
        }
        assert!(db.is_valid(), "{migration}");
    }
    let rows = calls(&db).await.unwrap();
    db.batch("DEALLOCATE ALL").await.unwrap();
    assert_eq!(calls(&db).await.unwrap(), rows + 1);
    assert!(!db.is_valid(), "nobody knows what else is gone");
    let mut db = open(&postgres.url()).await;
    assert_eq!(calls(&db).await.unwrap(), rows + 2);

    // In a transaction something may have been executed: it fails, and the next one does not.
    postgres.sql("ALTER TABLE t ADD b int");
    for failed in [true, false] {
        let answer: Result<usize, Error> =
            db.transaction(async |tx| Ok(tx.query("SELECT * FROM t", &[]).await?.len())).await;
        assert_eq!(answer.is_err(), failed, "{answer:?}");
    }
    // What fails for another reason is run once.
    postgres.sql(
        "CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN PERFORM nextval('s'); RAISE EXCEPTION 'x' USING ERRCODE = '0A000'; END $$",
    );
    for _ in 0..3 {
        assert_eq!(
            db.query("SELECT f()", &[]).await.unwrap_err().code(),
            Some(&SqlState::FEATURE_NOT_SUPPORTED)
        );
    }
    assert_eq!(int(&db, "SELECT last_value FROM s").await, 3);
}

/// Nobody's request may fail because of a migration.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_under_load_fails_no_call() {
    let postgres = Postgres::start();
    postgres.sql("CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE t (a int, mood mood)");
    let config = Config::<FromUrl>::of("db", &settings(&postgres.url(), &[]))
        .unwrap_or_else(|faults| panic!("{faults}"));
    let pool = lift::Pool::<Connection>::new(config, lift::pool::PoolSettings::default().with_max_size(4));
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (pool, over) = (pool.clone(), over.clone());
            tokio::spawn(async move {
                let mut calls = 0;
                while !over.load(Ordering::Relaxed) {
                    let db = pool.get().await.unwrap_or_else(|error| panic!("{}", chain(&error)));
                    let told = |error: &Error| panic!("{}", chain(error));
                    db.execute("INSERT INTO t (a, mood) VALUES ($1, $2)", &[&1_i32, &Mood("glad")])
                        .await
                        .inspect_err(told)
                        .unwrap();
                    db.query_opt("SELECT * FROM t WHERE mood = $1 LIMIT 1", &[&Mood("glad")])
                        .await
                        .inspect_err(told)
                        .unwrap();
                    calls += 2;
                }
                calls
            })
        })
        .collect();
    let server = postgres.url();
    for _ in 0..10 {
        let admin = open(&server).await;
        for migration in [
            "ALTER TABLE t ADD b int",
            "ALTER TABLE t DROP b",
            OTHER_MOODS,
            "ALTER TABLE t ALTER a TYPE bigint; ALTER TABLE t ALTER a TYPE int",
        ] {
            admin.batch(migration).await.unwrap();
            admin.batch("SELECT pg_sleep(0.01)").await.unwrap();
        }
        admin.cleanup().await;
    }
    over.store(true, Ordering::Relaxed);
    let mut calls = 0;
    for caller in callers {
        calls += caller.await.unwrap();
    }
    assert_eq!(postgres.sql("SELECT count(*) FROM t"), [(calls / 2).to_string()]);
    assert!(calls > 100 && pool.stats().created <= 4, "{calls} calls, {:?}", pool.stats());
    pool.close().await;
}

#[tokio::test]
async fn without_a_statement_cache_nothing_is_prepared_and_each_call_is_one_round_trip() {
    let postgres = Postgres::start();
    let proxy = FaultProxy::start(postgres.address());
    let db = try_open(&postgres.url_at(proxy.address()), &[("DB_STATEMENT_CACHE", "0")]).await.unwrap();
    let before = proxy.exchanges();
    for number in 1..=3_i64 {
        let row = db.query_one("SELECT $1 + 0::bigint", &[&number]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), db.is_valid()), (number, true));
    }
    assert_eq!(proxy.exchanges() - before, 3);
    assert_eq!(int(&db, "SELECT count(*) FROM pg_prepared_statements").await, 0);
}

/// The same values with and without prepared statements: what is stored, and what is found by it.
#[tokio::test]
async fn without_a_statement_cache_values_mean_the_same() {
    let postgres = Postgres::start();
    // A session whose zone is not UTC shows whether a moment is moved.
    postgres
        .sql("ALTER DATABASE postgres SET timezone = 'Asia/Tokyo'; CREATE EXTENSION IF NOT EXISTS citext");
    let table = "CREATE TABLE v (id bigint, u uuid, t text, v varchar(9), c citext, n name, j json, jb jsonb, at timestamp,
                 atz timestamptz, b bytea, f float8, yes bool, i int4, s int2, tags text[], ids bigint[], ats timestamp[])";
    postgres.sql(table);
    let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
    let (id, json) = (Uuid::new_v4(), serde_json::json!({"it's": [1, null, "\u{e9}\""]}));
    let insert = "INSERT INTO v VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    let tags = vec![Some("a \"b\" \\ {c}"), None, Some("")];
    for (number, cache) in [(1_i64, "100"), (2, "0")] {
        let db = try_open(&postgres.url(), &[("DB_STATEMENT_CACHE", cache)]).await.unwrap();
        let (bytes, ids, ats) = (vec![0_u8, 255, 92], vec![1_i64, -2], vec![at]);
        let stored = db
            .execute(
                insert,
                &[
                    &number, &id, &"te'xt\\", &"var", &"CiText", &"name", &json, &json, &at, &at, &bytes,
                    &1.5_f64, &true, &7_i32, &8_i16, &tags, &ids, &ats,
                ],
            )
            .await;
        assert_eq!(stored.map_err(|error| chain(&error)), Ok(1), "cache {cache}");
        for (what, found) in [
            ("uuid", db.query("SELECT 1 FROM v WHERE u = $1", &[&id]).await),
            ("text", db.query("SELECT 1 FROM v WHERE t = $1", &[&"te'xt\\"]).await),
            ("varchar", db.query("SELECT 1 FROM v WHERE v = $1", &[&"var"]).await),
            // Its comparison knows no case, as long as the parameter is no `text`.
            ("citext", db.query("SELECT 1 FROM v WHERE c = $1", &[&"citext"]).await),
            ("citexts", db.query("SELECT 1 FROM v WHERE c = ANY($1)", &[&vec!["x", "citext"]]).await),
            ("jsonb", db.query("SELECT 1 FROM v WHERE jb = $1", &[&json]).await),
            ("timestamp", db.query("SELECT 1 FROM v WHERE at = $1", &[&at]).await),
            ("timestamptz", db.query("SELECT 1 FROM v WHERE atz = $1", &[&at]).await),
            ("bytea", db.query("SELECT 1 FROM v WHERE b = $1", &[&bytes]).await),
            ("ids", db.query("SELECT 1 FROM v WHERE id = ANY($1)", &[&vec![1_i64, 2]]).await),
            ("a limit", db.query("SELECT 1 FROM v LIMIT $1", &[&number]).await),
            ("null", db.query("SELECT 1 FROM v WHERE $1::bigint IS NULL", &[&None::<i64>]).await),
        ] {
            let found = found.map(|rows| rows.len()).map_err(|error| chain(&error));
            assert_eq!(found, Ok(usize::try_from(number).unwrap()), "{what}, cache {cache}");
        }
    }
    let row =
        "SELECT (u, t, v, c, n, j, jb, at, atz, b, f, yes, i, s, tags, ids, ats)::text FROM v ORDER BY id";
    let rows = postgres.sql(row);
    assert_eq!(rows[0], rows[1]);
}

/// Calls of two connections in turns, over sessions that take turns, too: whatever one leaves behind, another one meets.
async fn over_a_bouncer(cache: &str) -> Result<(), Error> {
    let postgres = Postgres::start();
    postgres.sql("CREATE TABLE t (a bigint PRIMARY KEY, b text)");
    let bouncer = PgBouncer::start(&postgres, 3);
    let url = postgres.url_at(bouncer.address());
    let mut one = try_open(&url, &[("DB_STATEMENT_CACHE", cache)]).await?;
    let two = try_open(&url, &[("DB_STATEMENT_CACHE", cache)]).await?;
    for number in 1..=20_i64 {
        one.execute("INSERT INTO t VALUES ($1, $2)", &[&number, &"b"]).await?;
        assert_eq!(two.query_one("SELECT a FROM t WHERE a = $1", &[&number]).await?.get::<_, i64>(0), number);
        assert!(two.query_opt("SELECT a FROM t WHERE b = $1 LIMIT 1", &[&"x"]).await?.is_none());
        one.transaction(async |tx| {
            tx.execute("UPDATE t SET b = $2 WHERE a = $1", &[&number, &"c"]).await?;
            let rows = tx.query("SELECT 1 FROM t WHERE b = $1", &[&"c"]).await?;
            assert_eq!(rows.len(), usize::try_from(number).unwrap());
            Ok::<_, Error>(())
        })
        .await?;
        one.health_check().await?;
    }
    Ok(())
}

#[tokio::test]
async fn without_a_statement_cache_a_bouncer_may_serve_each_call_by_another_session() {
    over_a_bouncer("0").await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let kept = over_a_bouncer("100").await;
    assert!(kept.is_err(), "the sessions took no turns, so nothing was shown");
}

#[tokio::test]
async fn calls_side_by_side_are_sent_at_once() {
    let postgres = Postgres::start();
    let proxy = FaultProxy::start(postgres.address());
    let db = open(&postgres.url_at(proxy.address())).await;
    int(&db, "SELECT 1::bigint").await;
    proxy.delay(Duration::from_millis(50));
    let began = Instant::now();
    let (a, b, c) = tokio::join!(
        int(&db, "SELECT 1::bigint"),
        int(&db, "SELECT 1::bigint"),
        int(&db, "SELECT 1::bigint")
    );
    assert_eq!((a, b, c), (1, 1, 1));
    // One after the other they would take 300 ms.
    assert!(began.elapsed() < Duration::from_millis(280), "{:?}", began.elapsed());
    assert!(db.is_valid());
}

#[tokio::test]
async fn a_transaction_commits_on_ok_and_rolls_back_on_err() {
    let postgres = Postgres::start();
    let mut db = open(&postgres.url()).await;
    db.batch("CREATE TABLE t (a bigint PRIMARY KEY)").await.unwrap();
    let insert = "INSERT INTO t VALUES ($1)";
    let sum = "SELECT coalesce(sum(a), 0)::bigint FROM t";

    let answer: Result<_, Error> = db.transaction(async |tx| tx.execute(insert, &[&1_i64]).await).await;
    assert_eq!(answer.unwrap(), 1);
    let answer: Result<(), BoxError> = db
        .transaction(async |tx| {
            tx.execute(insert, &[&2_i64]).await?;
            Err("changed my mind".into())
        })
        .await;
    assert_eq!(answer.unwrap_err().to_string(), "changed my mind");
    assert_eq!((int(&db, sum).await, db.is_valid()), (1, true));

    // An error that the work keeps to itself: PostgreSQL would answer the COMMIT with a rollback and no error.
    let answer: Result<_, Error> = db
        .transaction(async |tx| {
            tx.execute(insert, &[&4_i64]).await?;
            let _ = tx.execute(insert, &[&1_i64]).await;
            Ok(())
        })
        .await;
    assert!(matches!(answer, Err(Error::RolledBack)), "{answer:?}");
    assert_eq!((int(&db, sum).await, db.is_valid()), (1, true));

    // An error on this side of the wire spoils nothing, and neither does one behind a savepoint.
    let answer: Result<_, Error> = db
        .transaction(async |tx| {
            assert!(tx.query_one("SELECT 1 WHERE false", &[]).await.is_err());
            let inner: Result<_, Error> = tx
                .savepoint(async |sp| {
                    sp.execute(insert, &[&8_i64]).await?;
                    sp.execute(insert, &[&1_i64]).await
                })
                .await;
            assert!(inner.unwrap_err().is_unique_violation());
            let inner: Result<_, Error> = tx.savepoint(async |sp| sp.execute(insert, &[&16_i64]).await).await;
            inner?;
            tx.execute(insert, &[&32_i64]).await
        })
        .await;
    assert_eq!(answer.unwrap(), 1);
    assert_eq!((int(&db, sum).await, db.is_valid()), (1 + 16 + 32, true));

    // A commit that is refused.
    db.batch("CREATE TABLE child (a bigint REFERENCES t DEFERRABLE INITIALLY DEFERRED)").await.unwrap();
    let answer: Result<_, Error> =
        db.transaction(async |tx| tx.batch("INSERT INTO child VALUES (99)").await).await;
    assert!(answer.unwrap_err().is_foreign_key_violation());
    assert_eq!((int(&db, "SELECT count(*) FROM child").await, db.is_valid()), (0, true));
}

#[tokio::test]
async fn concurrent_serializable_transactions_tell_who_came_second() {
    let postgres = Postgres::start();
    let (mut a, b) = (open(&postgres.url()).await, open(&postgres.url()).await);
    a.batch("CREATE TABLE t (a int); INSERT INTO t VALUES (1)").await.unwrap();
    let answer: Result<_, Error> = a
        .transaction_at(IsolationLevel::RepeatableRead, async |tx| {
            tx.query("SELECT a FROM t", &[]).await?;
            b.execute("UPDATE t SET a = a + 1", &[]).await?;
            tx.execute("UPDATE t SET a = a + 1", &[]).await
        })
        .await;
    let error = answer.unwrap_err();
    assert!(error.is_serialization_failure(), "{}", chain(&error));
    assert!(a.is_valid());
}

#[tokio::test]
async fn what_is_begun_and_not_finished_makes_it_invalid_and_ends_at_the_server() {
    let postgres = Postgres::start();
    let running =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
    let short = Duration::from_millis(50);

    let db = open(&postgres.url()).await;
    assert!(timeout(short, db.query("SELECT pg_sleep(30)", &[])).await.is_err());
    assert!(!db.is_valid());
    assert_eq!(postgres.sql(running), ["1"]);
    let began = Instant::now();
    db.cleanup().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    until("the end of the statement", || postgres.sql(running) == ["0"] && postgres.sessions() == 0).await;

    let mut db = open(&postgres.url()).await;
    db.batch("CREATE TABLE t (a int)").await.unwrap();
    let abandoned: Result<Result<(), Error>, _> = timeout(
        short,
        db.transaction(async |tx| {
            tx.execute("INSERT INTO t VALUES (1)", &[]).await?;
            std::future::pending().await
        }),
    )
    .await;
    assert!(abandoned.is_err() && !db.is_valid());
    db.cleanup().await;
    assert_eq!(postgres.sql("SELECT count(*) FROM t"), ["0"]);

    // A call within a transaction that was given up, though the work says `Ok`.
    let mut db = open(&postgres.url()).await;
    let answer: Result<(), Error> = db
        .transaction(async |tx| {
            tx.execute("INSERT INTO t VALUES (1)", &[]).await?;
            let _ = timeout(short, tx.query("SELECT pg_sleep(0.3)", &[])).await;
            Ok(())
        })
        .await;
    assert!(matches!(answer, Err(Error::RolledBack)) && db.is_valid(), "{answer:?}");

    for (text, valid) in [
        ("BEGIN", false),
        ("ROLLBACK", true),
        ("BEGIN; COMMIT", true),
        ("BEGIN; oops", true),
        ("BEGIN; SELECT 1 / 0", false),
    ] {
        let _ = db.batch(text).await;
        assert_eq!(db.is_valid(), valid, "{text}");
    }
}

#[tokio::test]
async fn however_a_transaction_was_left_open_the_connection_is_not_lent_again() {
    let postgres = Postgres::start();
    let settings = settings(&postgres.url(), &[]);
    let config = Config::<FromUrl>::of("db", &settings).unwrap_or_else(|faults| panic!("{faults}"));
    let pool = lift::Pool::<Connection>::new(config, lift::pool::PoolSettings::default().with_max_size(1));
    postgres.sql("CREATE TABLE t (a int); CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'");
    let begins = [
        "BEGIN",
        "/* service=orders */ BEGIN",
        "/* a /* nested */ comment */ -- and another\n\tstart transaction",
        "-- x\nBEGIN",
        ";;BEGIN",
        "BEGIN; SELECT ';COMMIT;'",
        "BEGIN ISOLATION LEVEL SERIALIZABLE, READ WRITE; INSERT INTO t VALUES (0); SAVEPOINT commit",
        "BEGIN; COMMIT AND CHAIN",
        "BEGIN; ROLLBACK; CREATE TABLE u (a int); BEGIN; SET LOCAL work_mem = '1MB'",
        "BEGIN; SELECT 1 / 0",
    ];
    for (index, begin) in begins.into_iter().enumerate() {
        for way in ["batch", "client", "prepared", "a block follows", "a savepoint follows"] {
            let db = pool.get().await.unwrap();
            match way {
                "batch" => drop(db.batch(begin).await),
                "client" => drop(db.client().batch_execute(begin).await),
                // One statement at most, without a failure.
                "prepared" if index > 4 => continue,
                "prepared" => drop(db.execute(begin.trim_matches(';'), &[]).await.unwrap()),
                "a block follows" => {
                    let _ = db.batch(begin).await;
                    let _ = db.batch("DO $$ BEGIN PERFORM 1; END $$").await;
                    let _ = db.execute("CALL p()", &[]).await;
                }
                _ => {
                    let _ = db.client().batch_execute(begin).await;
                    let _ = db.batch("SAVEPOINT s; ROLLBACK TO s; RELEASE s").await;
                }
            }
            assert!(!db.is_valid(), "{begin:?} by {way}");
            drop(db);
            let next = pool.get().await.unwrap();
            next.execute("INSERT INTO t VALUES (1)", &[]).await.unwrap();
            drop(next);
            assert_eq!(
                postgres.sql("SELECT count(*) FROM t; TRUNCATE t; DROP TABLE IF EXISTS u"),
                ["1"],
                "{begin:?} by {way}"
            );
        }
    }
    // What only looks like it costs no connection.
    let opened = pool.stats().created;
    for text in [
        "SELECT 'BEGIN'",
        "DO $$ BEGIN PERFORM 1; END $$",
        "/* BEGIN */ SELECT 1",
        "BEGIN; INSERT INTO t VALUES (1); END",
        "BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT -- BEGIN",
        "BEGIN; oops",
        "COMMIT",
        "PREPARE begin AS SELECT 1; DEALLOCATE begin",
    ] {
        let db = pool.get().await.unwrap();
        let _ = db.batch(text).await;
        assert!(db.is_valid(), "{text:?}");
    }
    assert_eq!(pool.stats().created, opened);
    pool.close().await;
}

#[tokio::test]
async fn what_the_client_leaves_under_way_is_not_lent_again() {
    let postgres = Postgres::start();
    postgres.sql("CREATE TABLE t (a int)");
    let running =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
    let short = Duration::from_millis(50);

    let db = open(&postgres.url()).await;
    assert!(timeout(short, db.client().query("SELECT pg_sleep(30)", &[])).await.is_err());
    assert!(!db.is_valid());
    db.cleanup().await;
    until("the end of the statement", || postgres.sql(running) == ["0"] && postgres.sessions() == 0).await;

    let db = open(&postgres.url()).await;
    let rows = db.client().copy_in::<_, bytes::Bytes>("COPY t FROM STDIN").await.unwrap();
    assert!(!db.is_valid());
    drop(rows);
    until("the end of a COPY that was given up", || db.is_valid()).await;
    assert_eq!(int(&db, "SELECT count(*) FROM t").await, 0);
    // The end of a statement, which nobody awaits, leaves nothing.
    drop(db.client().prepare("SELECT 1").await.unwrap());
    assert!(db.is_valid());
    let error = db.client().batch_execute("DO $$ BEGIN RAISE 'x' USING ERRCODE = '57P03'; END $$").await;
    assert_eq!(error.unwrap_err().code().map(SqlState::code), Some("57P03"));
    assert!(!db.is_valid(), "an error that evicts");
}

#[tokio::test]
async fn the_work_of_a_transaction_may_undo_its_own_failure_and_hides_none() {
    let postgres = Postgres::start();
    postgres.sql("CREATE TABLE t (a int PRIMARY KEY)");
    let mut db = open(&postgres.url()).await;
    let answer: Result<(), Error> = db
        .transaction(async |tx| {
            tx.batch("INSERT INTO t VALUES (1); SAVEPOINT mine").await?;
            assert!(tx.batch("INSERT INTO t VALUES (1)").await.is_err());
            tx.batch("ROLLBACK TO mine").await
        })
        .await;
    assert_eq!((answer.is_ok(), int(&db, "SELECT count(*) FROM t").await, db.is_valid()), (true, 1, true));
    let answer: Result<(), Error> = db
        .transaction(async |tx| {
            tx.batch("INSERT INTO t VALUES (2)").await?;
            let _ = tx.client().batch_execute("INSERT INTO t VALUES (2)").await;
            Ok(())
        })
        .await;
    assert!(matches!(answer, Err(Error::RolledBack)), "{answer:?}");
    assert_eq!((int(&db, "SELECT count(*) FROM t").await, db.is_valid()), (1, true));
}

#[tokio::test]
async fn a_socket_of_this_machine_is_as_good_as_an_address() {
    let postgres = Postgres::start();
    let folder = postgres.folder().display().to_string();
    let port = postgres.address().port();
    for url in [
        format!("host={folder} port={port} user=postgres dbname=postgres"),
        format!("postgres://postgres@{}:{port}/postgres", folder.replace('/', "%2F")),
        format!("host={folder} port={port} user=postgres dbname=postgres sslmode=require"),
    ] {
        let db = open(&url).await;
        assert_eq!(
            db.query_one("SELECT inet_client_addr()::text", &[]).await.unwrap().get::<_, Option<String>>(0),
            None
        );
        db.batch("BEGIN").await.unwrap();
        assert!(!db.is_valid());
        db.batch("ROLLBACK").await.unwrap();
        assert!(db.is_valid());
        assert!(timeout(Duration::from_millis(50), db.query("SELECT pg_sleep(30)", &[])).await.is_err());
        db.cleanup().await;
        until("the end of the statement", || postgres.sessions() == 0).await;
    }
    let address = format!("hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres");
    let db = open(&address).await;
    db.batch("BEGIN").await.unwrap();
    assert!(!db.is_valid(), "an address without a name");
    let error = try_open(&format!("host={folder} port=1 user=postgres"), &[]).await.err().unwrap();
    let chain = chain(&error);
    assert!(
        chain.starts_with("cannot connect to PostgreSQL at ") && chain.contains("No such file"),
        "{chain}"
    );
}

#[tokio::test]
async fn the_end_of_the_stream_is_seen_without_a_call() {
    let mut postgres = Postgres::start();
    let proxy = FaultProxy::start(postgres.address());
    type Fault = fn(&mut Postgres, &FaultProxy);
    let faults: [(&str, Fault); 5] = [
        ("pg_terminate_backend", |postgres, _| assert!(postgres.terminate_all() >= 1)),
        ("kill -9 of a backend", |postgres, _| postgres.kill_a_backend()),
        ("FIN", |_, proxy| proxy.cut()),
        ("RST", |_, proxy| proxy.reset()),
        ("kill -9 of the server", |postgres, _| postgres.crash()),
    ];
    for (name, fault) in faults {
        let mut db = open(&postgres.url_at(proxy.address())).await;
        assert_eq!((int(&db, "SELECT 1::bigint").await, db.is_valid()), (1, true), "{name}");
        fault(&mut postgres, &proxy);
        // The fault was made on another thread; the driver has not run since.
        until(name, || !db.is_valid()).await;
        let error = db.query("SELECT 1", &[]).await.unwrap_err();
        assert!(error.is_connection(), "{name}: {}", chain(&error));
        assert!(db.health_check().await.is_err(), "{name}");
        db.cleanup().await;
        let back = Instant::now();
        while name != "kill -9 of the server" && try_open(&postgres.url(), &[]).await.is_err() {
            assert!(back.elapsed() < Duration::from_secs(10), "{name}");
            sleep(Duration::from_millis(20)).await;
        }
    }
    postgres.restart();
    assert_eq!(int(&open(&postgres.url()).await, "SELECT 1::bigint").await, 1);
}

#[tokio::test]
async fn a_silent_server_is_met_by_the_callers_time_out() {
    let postgres = Postgres::start();
    let mut db = open(&postgres.url()).await;
    postgres.freeze();
    assert!(timeout(Duration::from_millis(100), db.health_check()).await.is_err());
    assert!(!db.is_valid());
    let began = Instant::now();
    db.cleanup().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let config = Config::<FromUrl>::of("db", &settings(&postgres.url(), &[])).unwrap();
    assert!(timeout(Duration::from_millis(100), Connection::initialize(&config, &init())).await.is_err());
    postgres.thaw();
    assert_eq!(int(&open(&postgres.url()).await, "SELECT 1::bigint").await, 1);
}

#[tokio::test]
async fn cleanup_ends_the_session_at_the_server() {
    let postgres = Postgres::start();
    for _ in 0..3 {
        let db = open(&postgres.url()).await;
        int(&db, "SELECT 1::bigint").await;
        assert_eq!(postgres.sessions(), 1);
        db.cleanup().await;
        until("the end of the session", || postgres.sessions() == 0).await;
    }
    // Dropped without it, as when a runtime ends.
    drop(open(&postgres.url()).await);
    until("the end of the session", || postgres.sessions() == 0).await;
}

/// Each session counts those of its role; the one before it must be over, not only left.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_in_the_pool_is_free_when_the_server_has_ended_the_session() {
    let certificate = Certificate::new();
    for (postgres, url) in [
        (Postgres::start(), "postgres://limited@{}/postgres"),
        (Postgres::start_with_tls(&certificate), "postgres://limited@{}/postgres?sslmode=require"),
    ] {
        postgres.sql("CREATE ROLE limited LOGIN CONNECTION LIMIT 1");
        let url = url.replace("{}", &format!("localhost:{}", postgres.address().port()));
        let ca = certificate.path().display().to_string();
        let others: &[(&str, &str)] = if url.contains("sslmode") { &[("DB_CA_FILE", &ca)] } else { &[] };
        let config =
            Config::<FromUrl>::of("db", &settings(&url, others)).unwrap_or_else(|faults| panic!("{faults}"));
        let pool =
            lift::Pool::<Connection>::new(config, lift::pool::PoolSettings::default().with_max_size(1));
        for _ in 0..20 {
            let db = pool.get().await.unwrap_or_else(|error| panic!("{}", chain(&error)));
            assert_eq!(int(&db, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'limited'").await, 1);
            // The server takes its time to end a session that has much to throw away.
            let tables: String = (0..50).map(|n| format!("CREATE TEMP TABLE t{n} (a text);")).collect();
            db.batch(&tables).await.unwrap();
            db.discard();
        }
        assert_eq!(pool.stats().created, 20);
        pool.close().await;
    }
}

#[tokio::test]
async fn settings_reach_the_server() {
    let postgres = Postgres::start();
    let url = format!("{}?options=-cwork_mem%3D2MB", postgres.url());
    let db =
        try_open(&url, &[("DB_STATEMENT_TIMEOUT", "100ms"), ("DB_APPLICATION_NAME", "till")]).await.unwrap();
    let shown =
        async |name: &str| db.query_one(&format!("SHOW {name}"), &[]).await.unwrap().get::<_, String>(0);
    assert_eq!(shown("statement_timeout").await, "100ms");
    assert_eq!(shown("work_mem").await, "2MB");
    assert_eq!(shown("application_name").await, "till");
    let late = db.query("SELECT pg_sleep(5)", &[]).await.unwrap_err();
    assert!(late.is_timeout() && db.is_valid(), "{}", chain(&late));
}

#[tokio::test]
async fn a_connection_that_cannot_be_opened_says_why_and_no_secret() {
    let postgres = Postgres::start_with(&["max_connections=8", "superuser_reserved_connections=1"]);
    postgres.sql("CREATE ROLE guarded LOGIN PASSWORD 'open sesame'; CREATE ROLE plain LOGIN");
    let address = postgres.address();
    let port = address.port();
    assert!(open(&format!("postgres://guarded:open%20sesame@{address}/postgres")).await.is_valid());

    let nobody = tests::ports::free();
    let sites = [
        (
            format!("postgres://guarded:hunter2@{address}/postgres"),
            "password authentication failed for user \"guarded\"",
        ),
        (format!("postgres://guarded@{address}/postgres"), "password missing"),
        (format!("postgres://nobody:hunter2@{address}/postgres"), "role \"nobody\" does not exist"),
        (format!("postgres://postgres:hunter2@{address}/nowhere"), "database \"nowhere\" does not exist"),
        (format!("postgres://u:hunter2@{nobody}/postgres"), "Connection refused"),
        (
            "postgres://u:hunter2@nowhere.invalid/postgres".to_owned(),
            "nowhere.invalid:5432: error connecting to server",
        ),
        (
            format!("postgres://u:hunter2@localhost:{port}/postgres?sslmode=require"),
            "server does not support TLS",
        ),
    ];
    for (url, words) in sites {
        let error = try_open(&url, &[]).await.err().unwrap();
        let text = chain(&error);
        assert!(text.starts_with("cannot connect to PostgreSQL at ") && text.contains(words), "{text}");
        assert!(!text.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(error.is_connection(), "{text}");
        let wrong = ["password authentication", "role \"nobody\""].iter().any(|words| text.contains(words));
        assert_eq!(error.is_authentication(), wrong, "{text}");
    }

    let plain = format!("postgres://plain@{address}/postgres");
    let mut held = Vec::new();
    let full = loop {
        match try_open(&plain, &[]).await {
            Ok(connection) => held.push(connection),
            Err(error) => break error,
        }
        assert!(held.len() < 8);
    };
    assert!(full.is_too_many_connections() && !full.is_authentication(), "{}", chain(&full));
}

#[tokio::test]
async fn tls_is_checked_against_the_ca_file() {
    let certificate = Certificate::new();
    let postgres = Postgres::start_with_tls(&certificate);
    let ca = certificate.path().display().to_string();
    let port = postgres.address().port();
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("postgres://postgres@{host}:{port}/postgres");
        let db =
            try_open(&url, &[("DB_CA_FILE", &ca)]).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert!(db.query_one(encrypted, &[]).await.unwrap().get::<_, bool>(0));
        // A cancel goes the same way.
        assert!(timeout(Duration::from_millis(50), db.query("SELECT pg_sleep(30)", &[])).await.is_err());
        db.cleanup().await;
        until("the end of the statement", || postgres.sessions() == 0).await;
        let plain = try_open(&url, &[("DB_TLS", "disable")]).await.unwrap();
        assert!(!plain.query_one(encrypted, &[]).await.unwrap().get::<_, bool>(0));
    }
    for tls in ["prefer", "require"] {
        let error = try_open(&postgres.url(), &[("DB_TLS", tls)]).await.err().unwrap();
        assert!(chain(&error).contains("UnknownIssuer"), "{}", chain(&error));
    }
    let other = Certificate::new();
    let ca = other.path().display().to_string();
    let error = try_open(&postgres.url(), &[("DB_CA_FILE", &ca)]).await.err().unwrap();
    assert!(chain(&error).contains("certificate"), "{}", chain(&error));
}

/// Gives a wrong password every third time and fails every fourth.
struct Tokens {
    asked: AtomicUsize,
    servers: Mutex<Vec<Server>>,
    secret: String,
}

impl Settings for Tokens {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        let secret = section.required("secret", "open sesame")?;
        Ok(Self { asked: AtomicUsize::new(0), servers: Mutex::default(), secret })
    }
}

impl CredentialProvider for Tokens {
    async fn credentials(&self, server: &Server) -> Result<Credentials, BoxError> {
        self.servers.lock().unwrap().push(server.clone());
        tokio::task::yield_now().await;
        match self.asked.fetch_add(1, Ordering::SeqCst) + 1 {
            3 => Ok(Credentials::password("expired")),
            4 => Err("the signer is away".into()),
            _ => Ok(Credentials::password(&self.secret).user("guarded")),
        }
    }
}

#[tokio::test]
async fn a_provider_is_asked_for_every_connection() {
    let postgres = Postgres::start();
    postgres.sql("CREATE ROLE guarded LOGIN PASSWORD 'open sesame'");
    let url = format!("postgres://guarded:old@{}/postgres", postgres.address());
    let sources = settings(&url, &[("DB_SECRET", "open sesame")]);
    let config = Config::<Tokens>::of("db", &sources).unwrap_or_else(|faults| panic!("{faults}"));
    for _ in 0..2 {
        assert!(Connection::initialize(&config, &init()).await.is_ok_and(|db| db.is_valid()));
    }
    let expired = Connection::initialize(&config, &init()).await.err().unwrap();
    assert!(expired.is_authentication(), "{}", chain(&expired));
    let away = Connection::initialize(&config, &init()).await.err().unwrap();
    let text =
        format!("there are no credentials for PostgreSQL at {}: the signer is away", postgres.address());
    assert_eq!(chain(&away), text);
    assert!(away.is_connection());
    assert!(Connection::initialize(&config, &init()).await.is_ok());

    let missing = Config::<Tokens>::of("db", &settings(&url, &[])).err().unwrap().to_string();
    assert!(missing.contains("DB_SECRET: is not set"), "{missing}");
}

/// Through the derive and the pool, with a handler.
#[derive(Resource)]
#[resource(name = "shop-db")]
struct ShopDb(Connection<Tokens>);

#[lift::handler(GET, "/user")]
async fn user(db: Pooled<ShopDb>) -> Result<String, lift::Error> {
    Ok(db.query_one("SELECT current_user::text", &[]).await?.try_get(0)?)
}

#[lift::handler(GET, "/swap")]
async fn swap(mut db: Pooled<ShopDb>) -> Result<String, lift::Error> {
    db.transaction(async |tx| {
        tx.execute("SET LOCAL work_mem = '3MB'", &[]).await?;
        Ok(tx.query_one("SHOW work_mem", &[]).await?.try_get(0)?)
    })
    .await
}

#[tokio::test]
async fn a_handler_uses_it_through_the_pool() {
    let postgres = Postgres::start();
    postgres.sql("CREATE ROLE guarded LOGIN PASSWORD 'open sesame'");
    let service = App::new("shop")
        .handlers(lift::handlers![user, swap])
        .test()
        .var("SHOP_DB_URL", postgres.url())
        .var("SHOP_DB_SECRET", "open sesame")
        .start()
        .await
        .unwrap();
    assert_eq!(service.get("/user").await.unwrap().text(), "guarded");
    assert_eq!(service.get("/swap").await.unwrap().text(), "3MB");
    service.close().await;
    until("the end of the sessions", || postgres.sessions() == 0).await;
}

/// The calls by which a connection can meet an error of the server.
const CALLS: [&str; 12] = [
    "query",
    "query_one",
    "query_opt",
    "execute",
    "batch",
    "a transaction",
    "a batch in a transaction",
    "an error that a transaction keeps to itself",
    "a savepoint",
    "an error that a savepoint keeps to itself",
    "a commit",
    "a commit at an isolation level",
];

/// Lets one call fail with this SQLSTATE.
async fn fail(db: &mut Connection, call: &str, code: &str) -> Error {
    let (fails, batch) = ("SELECT fail($1)", format!("SELECT fail('{code}')"));
    let late = "INSERT INTO late VALUES ($1)";
    let kept = || Err::<(), _>(Error::RolledBack);
    let answer: Result<(), Error> = match call {
        "query" => db.query(fails, &[&code]).await.map(drop),
        "query_one" => db.query_one(fails, &[&code]).await.map(drop),
        "query_opt" => db.query_opt(fails, &[&code]).await.map(drop),
        "execute" => db.execute(fails, &[&code]).await.map(drop),
        "batch" => db.batch(&batch).await,
        "a transaction" => db.transaction(async |tx| tx.execute(fails, &[&code]).await.map(drop)).await,
        "a batch in a transaction" => db.transaction(async |tx| tx.batch(&batch).await).await,
        "an error that a transaction keeps to itself" => {
            let answer = db.transaction(async |tx| {
                let _ = tx.query(fails, &[&code]).await;
                Ok(())
            });
            answer.await
        }
        "a savepoint" => {
            db.transaction(async |tx| {
                tx.savepoint(async |sp| sp.query(fails, &[&code]).await.map(drop)).await
            })
            .await
        }
        "an error that a savepoint keeps to itself" => {
            let answer = db.transaction(async |tx| {
                let _ = tx.savepoint(async |sp| sp.batch(&batch).await).await;
                Ok::<_, Error>(())
            });
            answer.await.and_then(|()| kept())
        }
        "a commit" => db.transaction(async |tx| tx.execute(late, &[&code]).await.map(drop)).await,
        "a commit at an isolation level" => {
            let level = IsolationLevel::Serializable;
            db.transaction_at(level, async |tx| tx.execute(late, &[&code]).await.map(drop)).await
        }
        other => panic!("{other}"),
    };
    answer.unwrap_err()
}

#[tokio::test]
async fn errors_that_say_the_server_is_gone_or_another_one_evict_through_every_call() {
    let postgres = Postgres::start();
    postgres.sql(
        "CREATE FUNCTION fail(code text) RETURNS int LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = code; END $$;
         CREATE FUNCTION fail_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM fail(NEW.code); RETURN NULL; END $$;
         CREATE TABLE late (code text);
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION fail_late()",
    );
    let evict = ["25006", "57P01", "57P02", "57P03", "57P04", "57P05", "08000", "08003", "08006", "08P01"];
    let keep =
        ["0A000", "22012", "23505", "25001", "40001", "42P01", "53200", "55000", "57014", "P0001", "XX000"];
    for cache in ["100", "0"] {
        let open = async || try_open(&postgres.url(), &[("DB_STATEMENT_CACHE", cache)]).await.unwrap();
        let mut kept = open().await;
        for call in CALLS {
            for code in evict {
                let mut db = open().await;
                let error = fail(&mut db, call, code).await;
                assert!(!db.is_valid(), "{code} by {call}, cache {cache}: {}", chain(&error));
                if !matches!(error, Error::RolledBack) {
                    assert_eq!(error.code().map(SqlState::code), Some(code), "{call}");
                    assert_eq!(error.is_read_only(), code == "25006", "{call}");
                }
                // It may still be used by whoever holds it, and stays what it is.
                assert_eq!((int(&db, "SELECT 1::bigint").await, db.is_valid()), (1, false), "{call}");
            }
            for code in keep {
                let error = fail(&mut kept, call, code).await;
                assert!(kept.is_valid(), "{code} by {call}, cache {cache}: {}", chain(&error));
            }
        }
    }
}

#[tokio::test]
async fn a_session_that_the_server_ends_is_known_with_the_error_that_says_so() {
    let postgres = Postgres::start();
    // Whether the end of the stream comes with the error is a matter of chance.
    for _ in 0..20 {
        let db = open(&postgres.url()).await;
        let error = db.batch("SELECT pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
        assert_eq!((error.code(), db.is_valid()), (Some(&SqlState::ADMIN_SHUTDOWN), false));
    }
}

/// The sessions that were lent to a handler or a check, with what became of the call.
static LENT: Mutex<Vec<(i32, bool)>> = Mutex::new(Vec::new());

#[derive(Resource)]
#[resource(name = "ledger", pool(max_size = 1), health(enabled = false))]
struct Ledger(Connection);

async fn write(db: &Ledger, sql: &str) -> Result<(), lift::Error> {
    let pid: i32 = db.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
    let answer = db.execute(sql, &[]).await;
    LENT.lock().unwrap().push((pid, answer.is_ok()));
    Ok(answer.map(drop)?)
}

#[lift::handler(GET, "/write")]
async fn writes(db: Pooled<Ledger>) -> Result<(), lift::Error> {
    write(&db, "INSERT INTO entry VALUES (1)").await
}

#[lift::handler(GET, "/ends")]
async fn ends(db: Pooled<Ledger>) -> Result<(), lift::Error> {
    write(&db, "SELECT pg_terminate_backend(pg_backend_pid())").await
}

/// Its call has ended; nothing on the wire shows that it did not.
#[lift::health_check(name = "entries", timeout = "100ms")]
async fn never_ends(db: Pooled<Ledger>) -> Result<(), lift::Error> {
    write(&db, "INSERT INTO entry VALUES (1)").await?;
    std::future::pending().await
}

#[tokio::test]
async fn a_session_at_the_wrong_server_or_of_a_check_that_timed_out_is_not_lent_again() {
    let postgres = Postgres::start();
    postgres.sql("CREATE TABLE entry (a int)");
    let app = App::new("ledger")
        .handlers(lift::handlers![writes, ends])
        .health_checks(lift::health_checks![never_ends]);
    let service = app.test().var("LEDGER_URL", postgres.url()).start().await.unwrap();
    let get = async |path: &str| service.get(path).await.unwrap().status();
    let lent = || LENT.lock().unwrap().clone();
    let read_only = |on: bool| {
        postgres.sql(&format!("ALTER SYSTEM SET default_transaction_read_only = {on}"));
        postgres.sql("SELECT pg_reload_conf()");
    };

    assert_eq!((get("/write").await, get("/write").await), (200, 200));
    assert_eq!(lent()[0].0, lent()[1].0);
    // The server takes no writes any more; each session hears of it in its own time.
    read_only(true);
    let refused = async |status: u16| {
        for _ in 0..500 {
            if get("/write").await == status {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("no {status}: {:?}", lent());
    };
    refused(500).await;
    let refusals = lent().iter().filter(|(_, written)| !written).count();
    for _ in 0..5 {
        assert_eq!(get("/write").await, 500);
    }
    assert_eq!(lent().iter().filter(|(_, written)| !written).count(), refusals + 5);
    read_only(false);
    refused(200).await;
    for _ in 0..5 {
        assert_eq!((get("/write").await, get("/ends").await), (200, 500));
    }
    assert_eq!((get("/health").await, get("/write").await), (503, 200));
    let pool = service.pools().remove(0).1;
    service.close().await;

    // Of those that were refused, ended or held by the check, none was lent again.
    let lent = lent();
    let sessions = lent.chunk_by(|one, other| one.0 == other.0).count();
    for (index, (pid, written)) in lent.iter().enumerate().filter(|(_, (_, written))| !written) {
        assert!(lent[index + 1..].iter().all(|(later, _)| later != pid), "{pid} ({written}): {lent:?}");
    }
    let [.., (checked, true), (after, true)] = lent[..] else { panic!("{lent:?}") };
    assert_ne!(checked, after, "{lent:?}");
    assert_eq!(usize::try_from(pool.created).unwrap(), sessions, "{lent:?}");
    until("the end of the sessions", || postgres.sessions() == 0).await;
}

#[tokio::test]
async fn a_url_is_enough_to_connect() {
    let postgres = Postgres::start();
    let db = Connection::connect(&postgres.url()).await.unwrap();
    assert_eq!(int(&db, "SELECT 7::bigint").await, 7);
    let url = format!("postgres://ada:hunter2@{}/db", tests::ports::free());
    let refused = Connection::connect(&url).await.err().unwrap().to_string();
    assert!(refused.contains("PostgreSQL at ") && !refused.contains("hunter2"), "{refused}");
}

/// As the guide on testing shows it.
#[derive(Resource)]
#[resource(name = "orders-db")]
struct OrdersDb(Connection);

#[lift::handler(GET, "/orders/count")]
async fn count(db: Pooled<OrdersDb>) -> Result<String, lift::Error> {
    Ok(int(&db, "SELECT count(*) FROM placed").await.to_string())
}

#[tokio::test]
async fn a_test_has_a_schema_of_its_own() {
    let postgres = Postgres::start();
    let admin = Connection::connect(&postgres.url()).await.unwrap();
    for (schema, rows) in [("one", 1), ("two", 2)] {
        admin.batch(&format!("CREATE SCHEMA {schema}")).await.unwrap();
        let separator = if postgres.url().contains('?') { '&' } else { '?' };
        let url = format!("{}{separator}options=-c%20search_path%3D{schema}", postgres.url());
        let app = App::new("orders").handlers(lift::handlers![count]);
        let service = app.test().var("ORDERS_DB_URL", url).start().await.unwrap();
        let db = service.resource::<OrdersDb>().await.unwrap();
        let seed =
            format!("CREATE TABLE placed (id bigint); INSERT INTO placed SELECT generate_series(1, {rows})");
        db.batch(&seed).await.unwrap();
        drop(db);
        assert_eq!(service.get("/orders/count").await.unwrap().text(), rows.to_string());
        service.close().await;
        admin.batch(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    }
}
