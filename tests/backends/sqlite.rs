use std::path::PathBuf;

use lift::prelude::*;
use lift::sqlite::rusqlite::Result;
use lift::sqlite::{Config, Connection, Error};
use lift::{Init, Resource};

/// By the pool's own `after_connect`.
#[derive(Resource)]
#[resource(name = "parcels", pool(max_size = 1), health(enabled = false), after_connect = Self::prepare)]
struct Parcels(Connection);

impl Parcels {
    async fn prepare(&mut self) -> std::result::Result<(), Error> {
        self.call(prepare).await
    }
}

/// By an `initialize` of its own.
#[derive(Resource)]
#[resource(name = "letters", pool(max_size = 1), health(enabled = false), initialize = open_letters, config = Config, error = Error)]
struct Letters(Connection);

async fn open_letters(config: &Config, init: &Init) -> std::result::Result<Letters, Error> {
    let mut connection = Connection::initialize(config, init).await?;
    connection.call(prepare).await?;
    Ok(Letters(connection))
}

fn prepare(connection: &mut lift::sqlite::rusqlite::Connection) -> Result<()> {
    connection.execute_batch(
        "PRAGMA recursive_triggers = ON; CREATE TABLE IF NOT EXISTS log (a); CREATE TEMP TABLE opened (a)",
    )?;
    connection.pragma_update(None, "busy_timeout", 1234)
}

/// What a connection is lent as, once it has written.
fn seen(connection: &mut lift::sqlite::rusqlite::Connection) -> Result<String> {
    let ask = |statement| connection.query_row(statement, [], |row| row.get::<_, i64>(0));
    connection.execute("INSERT INTO log VALUES (1)", [])?;
    Ok(format!(
        "{} {} {} {} {}",
        ask("PRAGMA recursive_triggers")?,
        ask("PRAGMA busy_timeout")?,
        ask("SELECT count(*) FROM sqlite_temp_schema")?,
        ask("PRAGMA foreign_keys")?,
        ask("SELECT count(*) FROM pragma_database_list WHERE name <> 'temp'")?,
    ))
}

#[derive(Debug, thiserror::Error, LiftError)]
#[error("the database refused")]
#[lift(internal)]
struct Refused(#[from] Error);

#[lift::handler(POST, "/parcels")]
async fn parcels(mut db: Pooled<Parcels>, statements: String) -> std::result::Result<String, Refused> {
    let seen = db.call(seen).await?;
    db.call(move |connection| connection.execute_batch(&statements)).await?;
    Ok(seen)
}

#[lift::handler(POST, "/letters")]
async fn letters(mut db: Pooled<Letters>, statements: String) -> std::result::Result<String, Refused> {
    let seen = db.call(seen).await?;
    db.call(move |connection| connection.execute_batch(&statements)).await?;
    Ok(seen)
}

#[tokio::test]
async fn a_connection_is_lent_as_it_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("post.db");
    let url = path.display().to_string();
    let app = App::new("post").handlers(lift::handlers![parcels, letters]);
    let service = app.test().var("PARCELS_URL", &url).var("LETTERS_URL", &url).start().await.unwrap();
    for route in ["/parcels", "/letters"] {
        let run = async |statements: &str| {
            let answer = service.post(route).body(statements.to_owned()).await.unwrap();
            assert_eq!(answer.status(), 200, "{route} {statements}: {}", answer.text());
            answer.text()
        };
        for left in [
            "PRAGMA foreign_keys = OFF",
            "PRAGMA query_only = ON",
            "ATTACH ':memory:' AS other",
            "CREATE TEMP TABLE left (a)",
            "DROP TABLE opened",
            "PRAGMA recursive_triggers = OFF",
            "PRAGMA busy_timeout = 7",
            "BEGIN",
            "SELECT 1",
        ] {
            assert_eq!(run(left).await, "1 1234 1 1 1", "{route} before {left}");
        }
    }
    service.close().await;
}

#[lift::handler(GET, "/count")]
async fn count(mut db: Pooled<Parcels>) -> std::result::Result<String, Refused> {
    let count = |db: &mut lift::sqlite::rusqlite::Connection| {
        db.query_row("SELECT count(*) FROM log", [], |row| row.get(0))
    };
    Ok(db.call(count).await.map(|count: i64| count.to_string())?)
}

#[tokio::test]
async fn a_test_seeds_what_handlers_read() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("post.db").display().to_string();
    let app = App::new("post").handlers(lift::handlers![count]).provide("hello".to_owned());
    let service = app.test().var("PARCELS_URL", &url).start().await.unwrap();
    let mut db = service.resource::<Parcels>().await.unwrap();
    db.call(|db| db.execute_batch("INSERT INTO log VALUES (1), (2)")).await.unwrap();
    drop(db);
    assert_eq!(service.get("/count").await.unwrap().text(), "2");
    assert_eq!(service.shared::<String>().await.unwrap(), "hello");
    assert!(matches!(service.resource::<Letters>().await, Err(PoolError::Undeclared { .. })));
    assert!(service.shared::<u8>().await.is_err());
    service.close().await;

    // And by itself.
    let mut db = Connection::connect(&url).await.unwrap();
    let count = db.call(|db| db.query_row("SELECT count(*) FROM log", [], |row| row.get::<_, i64>(0))).await;
    assert_eq!(count.unwrap(), 2);
    let refused = Connection::connect("postgres://ada:hunter2@h/db").await.err().unwrap().to_string();
    assert!(refused.contains("SQLITE_URL") && !refused.contains("hunter2"), "{refused}");
}
