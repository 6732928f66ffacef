//! Addresses against the servers that they name: each part of one is read.

use lift::redis::AsyncCommands;
use lift::{BoxError, Resource, config::Faults};
use tests::servers::{Postgres, Redis};

use crate::support::{chain, init, settings};

async fn postgres(url: &str) -> Result<lift::postgres::Connection, BoxError> {
    let config = lift::postgres::Config::<lift::postgres::FromUrl>::of("db", &settings(url, &[]))?;
    Ok(lift::postgres::Connection::initialize(&config, &init()).await?)
}

async fn redis(url: &str) -> Result<lift::redis::Connection, BoxError> {
    let config = lift::redis::Config::<lift::redis::FromUrl>::of("db", &settings(url, &[]))?;
    Ok(lift::redis::Connection::initialize(&config, &init()).await?)
}

/// What is told of an address that is not even tried.
fn refused<T>(opened: Result<T, BoxError>) -> String {
    let error = opened.err().expect("refused");
    assert!(error.is::<Faults>(), "{}", chain(&*error));
    error.to_string()
}

#[tokio::test]
async fn each_part_of_a_postgresql_address_is_read_or_refused() {
    let server = Postgres::start();
    let port = server.address().port();
    server.sql("CREATE ROLE \"a@b\" LOGIN PASSWORD 'p@ss:w/o#r?d'");
    server.sql("CREATE DATABASE orders");
    let (user, database) = ("postgres", "orders");
    for url in [
        format!("postgres://{user}@127.0.0.1/{database}?port={port}"),
        format!("postgres:///{database}?host=127.0.0.1&port={port}&user={user}"),
        format!("postgresql://127.0.0.1:{port}/?dbname={database}&user={user}"),
        format!("postgres://a%40b:p@ss:w%2Fo%23r%3Fd@127.0.0.1:{port}/{database}"),
    ] {
        let db = postgres(&url).await.unwrap_or_else(|error| panic!("{url}: {}", chain(&*error)));
        let row = db.query_one("SELECT current_database()::text", &[]).await.expect("a row");
        assert_eq!(row.get::<_, String>(0), database, "{url}");
    }
    for (url, word) in [
        ("postgres://ada:hunter2/x@127.0.0.1/db".to_owned(), "%2F"),
        (format!("postgres://127.0.0.1:{port}/db?port=1"), "twice"),
        (format!("postgres://127.0.0.1:{port}/db?connection_limit=5"), "max_size"),
        (format!("postgres://127.0.0.1:{port}/db#hunter2"), "%23"),
    ] {
        let told = refused(postgres(&url).await);
        assert!(told.contains("- DB_URL: ") && told.contains(word) && !told.contains("hunter2"), "{told}");
    }
    // Half of a password is no host.
    let away = postgres("postgres://ada:hunter@2x@127.0.0.1:1/db").await.err().expect("nobody is there");
    let told = chain(&*away);
    assert!(told.contains("127.0.0.1:1") && !told.contains("2x") && !told.contains("hunter"), "{told}");
}

#[tokio::test]
async fn each_part_of_a_redis_address_is_read_or_refused() {
    let server = Redis::start();
    let url = server.url();
    server.command(&["ACL", "SETUSER", "ada", "on", ">p@ss:w", "~*", "&*", "+@all"]);
    let host = server.address();
    for (number, url) in [
        (1, format!("{url}/1")),
        (2, format!("{url}/?db=2")),
        (3, format!("{url}?database=3&protocol=resp3")),
        (4, format!("redis://ada:p@ss:w@{host}/4")),
        (5, format!("redis://{host}/5?user=ada&password=p%40ss:w")),
    ] {
        let mut connection = redis(&url).await.unwrap_or_else(|error| panic!("{url}: {}", chain(&*error)));
        let () = connection.set("a", "1").await.expect("it is set");
        let keyspace = server.command(&["INFO", "keyspace"]);
        assert!(keyspace.contains(&format!("db{number}:keys=1")), "{url}: {keyspace}");
    }
    for (options, word) in [
        ("/1?db=2", "twice"),
        ("?timeout=10", "response_timeout"),
        ("?hunter2=1", "nothing reads"),
        ("/1/hunter2", "one part"),
        ("#hunter2", "%23"),
    ] {
        let told = refused(redis(&format!("{url}{options}")).await);
        assert!(told.contains("- DB_URL: ") && told.contains(word) && !told.contains("hunter2"), "{told}");
    }
}
