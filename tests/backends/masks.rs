//! What the log and the report tell of errors whose texts the servers have chosen.

use std::io::Write;
use std::sync::{Arc, Mutex};

use lift::health::checks::HttpCheck;
use lift::prelude::*;
use lift::redis::cmd;
use lift::testing::TestService;
use lift::{App, Health};
use tests::servers::{Postgres, Redis};
use tracing::subscriber::DefaultGuard;

/// Part of every value, password, statement and path of these tests.
const SECRET: &str = "hunter2";

#[derive(Resource)]
#[resource(name = "db", pool(wait = "5s"))]
struct Db(lift::postgres::Connection);

/// The same server with a password that is wrong.
#[derive(Resource)]
#[resource(name = "locked", pool(wait = "5s"))]
struct Locked(lift::postgres::Connection);

#[derive(Resource)]
#[resource(name = "cache", pool(wait = "5s"))]
struct Cache(lift::redis::Connection);

#[derive(Resource)]
#[resource(name = "file", settings(url = ":memory:"))]
struct File(lift::sqlite::Connection);

#[derive(Debug, thiserror::Error, LiftError)]
enum ShopError {
    #[error(transparent)]
    #[lift(internal)]
    Shown(#[from] lift::postgres::Error),
    #[error("the customer was not stored: {0}")]
    #[lift(internal)]
    Repeated(#[source] lift::postgres::Error),
    #[error("the customer was not stored")]
    #[lift(internal)]
    Behind(#[source] lift::postgres::Error),
    #[error(transparent)]
    #[lift(internal)]
    Cache(#[from] lift::redis::RedisError),
    #[error(transparent)]
    #[lift(internal)]
    Boxed(lift::BoxError),
    #[error(transparent)]
    #[lift(internal)]
    File(#[from] lift::sqlite::Error),
    #[error(transparent)]
    #[lift(transparent)]
    Pool(#[from] lift::PoolError),
}

/// A type that says nothing of itself, with a text from elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Elsewhere(String);

async fn twice(db: &Db) -> Result<(), lift::postgres::Error> {
    let insert = "INSERT INTO customer VALUES ($1)";
    for _ in 0..2 {
        db.execute(insert, &[&format!("{SECRET}@example.com")]).await?;
    }
    Ok(())
}

#[lift::handler(GET, "/db/{how}")]
async fn fail_at_db(how: String, db: Pooled<Db>) -> Result<(), ShopError> {
    let text = |sql: &str| sql.replace("{}", SECRET);
    match how.as_str() {
        "shown" => Ok(twice(&db).await?),
        "repeated" => twice(&db).await.map_err(ShopError::Repeated),
        "behind" => twice(&db).await.map_err(ShopError::Behind),
        "boxed" => twice(&db).await.map_err(|error| ShopError::Boxed(error.into())),
        "column" => Ok(db.batch(&text("SELECT {} FROM customer")).await?),
        "syntax" => Ok(db.batch(&text("SELEKT '{}'")).await?),
        "cast" => Ok(db.batch(&text("SELECT '{}'::int")).await?),
        "raised" => Ok(db.batch(&text("DO $$ BEGIN RAISE EXCEPTION 'the password is {}'; END $$")).await?),
        _ => Ok(db.batch(&text("COPY customer FROM '/srv/{}'")).await?),
    }
}

#[lift::handler(GET, "/opaque/{how}")]
async fn fail_opaquely(how: String, db: Pooled<Db>) -> lift::Result<()> {
    match how.as_str() {
        "question-mark" => Ok(twice(&db).await?),
        "elsewhere" => Err(Elsewhere(format!("the password is {SECRET}")).into()),
        "io" => Err(std::io::Error::other(Elsewhere(format!("the password is {SECRET}"))).into()),
        _ => {
            serde_json::from_str::<Vec<u8>>(&format!("[\"{SECRET}\"]"))?;
            Ok(())
        }
    }
}

#[lift::handler(GET, "/cache/{how}")]
async fn fail_at_cache(how: String, mut cache: Pooled<Cache>) -> Result<(), ShopError> {
    match how.as_str() {
        "unknown" => Ok(cache.command(cmd("NONSENSE").arg(SECRET)).await?),
        "script" => {
            let script = format!("return redis.error_reply('{SECRET} is the password')");
            Ok(cache.command(cmd("EVAL").arg(script).arg(0)).await?)
        }
        _ => Ok(cache.command(cmd("AUTH").arg("nobody").arg(SECRET)).await?),
    }
}

#[lift::handler(GET, "/file/{how}")]
async fn fail_at_file(how: String, mut file: Pooled<File>) -> Result<(), ShopError> {
    let sql = match how.as_str() {
        "syntax" => format!("SELEKT '{SECRET}'"),
        "table" => format!("SELECT 1 FROM {SECRET}"),
        _ => format!("CREATE TABLE {SECRET} (a UNIQUE); INSERT INTO {SECRET} VALUES (1), (1)"),
    };
    Ok(file.call(move |file| file.execute_batch(&sql)).await?)
}

#[lift::handler(GET, "/locked")]
async fn fail_at_the_door(_locked: Pooled<Locked>) {}

#[lift::health_check]
async fn customers(db: Pooled<Db>) -> Result<(), lift::postgres::Error> {
    twice(&db).await
}

#[lift::health_check]
async fn elsewhere() -> Result<(), Elsewhere> {
    Err(Elsewhere(format!("the password is {SECRET}")))
}

#[lift::health_check]
async fn told() -> Health {
    Health::unhealthy("the shelf is empty")
}

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        (log.clone(), tracing::subscriber::set_default(subscriber.finish()))
    }

    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

struct Servers {
    postgres: Postgres,
    redis: Redis,
}

impl Servers {
    fn start() -> Self {
        let postgres = Postgres::start();
        postgres.sql(
            "CREATE TABLE customer (email text PRIMARY KEY); CREATE ROLE guarded LOGIN PASSWORD 'sesame'",
        );
        Self { postgres, redis: Redis::start() }
    }

    async fn service(&self, unmasked: bool) -> TestService {
        let handlers =
            lift::handlers![fail_at_db, fail_opaquely, fail_at_cache, fail_at_file, fail_at_the_door];
        let away = format!("http://ada:{SECRET}@127.0.0.1:1/{SECRET}?token={SECRET}");
        let app = App::new("shop")
            .handlers(handlers)
            .health_checks(lift::health_checks![customers, elsewhere, told])
            .health_check(HttpCheck::new("away", away));
        let locked = format!("postgres://guarded:{SECRET}@{}/postgres", self.postgres.address());
        app.test()
            .var("DB_URL", self.postgres.url())
            .var("LOCKED_URL", locked)
            .var("CACHE_URL", self.redis.url())
            .var("LIFT_HEALTH_DETAILS", "always")
            .var("LIFT_LOG_UNMASKED_ERRORS", unmasked.to_string())
            .start()
            .await
            .unwrap()
    }
}

/// Each way to fail, what the log says of it, and what it says only when it may say all.
const FAILURES: [(&str, &str, &str); 20] = [
    ("/db/shown", "SQLSTATE 23505", "Key (email)=(hunter2@example.com) already exists"),
    ("/db/repeated", "SQLSTATE 23505", "Key (email)=(hunter2@example.com) already exists"),
    ("/db/behind", "the customer was not stored: db error: SQLSTATE 23505", "(email)=(hunter2@example.com)"),
    ("/db/boxed", "SQLSTATE 23505", "Key (email)=(hunter2@example.com) already exists"),
    ("/db/column", "SQLSTATE 42703", "column \"hunter2\" does not exist"),
    ("/db/syntax", "SQLSTATE 42601", "syntax error at or near"),
    ("/db/cast", "SQLSTATE 22P02", "invalid input syntax for type integer: \"hunter2\""),
    ("/db/raised", "SQLSTATE P0001", "the password is hunter2"),
    ("/db/copy", "SQLSTATE 58P01", "could not open file \"/srv/hunter2\""),
    ("/opaque/question-mark", "SQLSTATE 23505", "Key (email)=(hunter2@example.com) already exists"),
    ("/opaque/elsewhere", "Elsewhere", "the password is hunter2"),
    ("/opaque/io", "other error", "the password is hunter2"),
    ("/opaque/json", "JSON of another shape, at line 1 column 10", "invalid type: string \"hunter2\""),
    ("/cache/unknown", "Redis ERR", "hunter2"),
    ("/cache/script", "Redis", ": is the password"),
    ("/cache/auth", "Redis WRONGPASS", "WRONGPASS"),
    ("/file/syntax", "SQLite", "SELEKT"),
    ("/file/table", "SQLite", "no such table: hunter2"),
    ("/file/unique", "UNIQUE", "UNIQUE constraint failed: hunter2.a"),
    ("/locked", "SQLSTATE 28P01", "password authentication failed for user \"guarded\""),
];

#[tokio::test]
async fn what_a_server_says_is_not_in_the_log_but_its_class_is() {
    let servers = Servers::start();
    for unmasked in [false, true] {
        let service = servers.service(unmasked).await;
        let (log, _guard) = Log::start();
        for (path, class, text) in FAILURES {
            log.take();
            let answer = service.get(path).await.unwrap();
            let logged = log.take();
            let line = logged.lines().find(|line| line.contains(" code=")).unwrap_or_default();
            assert!(answer.status() >= 500 && !answer.text().contains(SECRET), "{path}: {}", answer.text());
            if unmasked {
                assert!(line.contains(&text.replace('"', "\\\"")), "{path}: {text}: {logged}");
            } else {
                assert!(line.contains(class), "{path}: {class}: {logged}");
                assert!(
                    !logged.contains(SECRET) && !logged.contains("authentication failed"),
                    "{path}: {logged}"
                );
                assert!(text == "WRONGPASS" || !logged.contains(text), "{path}: {logged}");
            }
        }
        service.close().await;
    }
}

#[tokio::test]
async fn what_a_server_says_is_in_no_report() {
    let servers = Servers::start();
    for unmasked in [false, true] {
        let service = servers.service(unmasked).await;
        let (log, _guard) = Log::start();
        let report: serde_json::Value = service.get("/health").await.unwrap().json().unwrap();
        let message =
            |name: &str| report["components"][name]["message"].as_str().unwrap_or_default().to_owned();
        assert!(!report.to_string().contains(SECRET), "{report}");
        assert!(message("customers").contains("SQLSTATE 23505"), "{report}");
        assert!(message("elsewhere").contains("Elsewhere"), "{report}");
        assert_eq!(message("told"), "the shelf is empty");
        let away = message("away");
        // Of the layers between, which say nothing, nothing is told.
        assert!(away.starts_with("error sending request: cannot connect: Connection refused"), "{away}");
        let locked = message("locked");
        assert!(locked.contains(": cannot connect to PostgreSQL at 127.0.0.1:"), "{locked}");
        assert!(locked.contains("SQLSTATE 28P01") && !locked.contains("authentication failed"), "{locked}");
        let logged = log.take();
        assert!(logged.contains("SQLSTATE 28P01") != unmasked, "{logged}");
        assert_eq!(logged.contains("password authentication failed"), unmasked, "{logged}");
        assert_eq!(logged.contains(SECRET), unmasked, "{logged}");
        service.close().await;
    }
}

#[tokio::test]
async fn the_last_error_of_a_pool_is_a_class() {
    let servers = Servers::start();
    let service = servers.service(false).await;
    service.get("/locked").await.unwrap();
    let (_, locked) = service.pools().into_iter().find(|(name, _)| *name == "locked").unwrap();
    let said = locked.last_error.unwrap_or_default();
    assert!(said.contains("SQLSTATE 28P01") && !said.contains("authentication failed"), "{said}");
    service.close().await;
}
