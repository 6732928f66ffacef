//! A greeter: one handler, one resource, one health check.

use lift::prelude::*;
use serde::Serialize;

/// Visits are counted here.
#[derive(Resource)]
#[resource(name = "visits-db", settings(url = "quickstart.db"))]
struct VisitsDb(lift::sqlite::Connection);

#[derive(Debug, thiserror::Error, LiftError)]
enum GreetError {
    #[error("`{0}` is not a name")]
    #[lift(status = 422, code = "NOT_A_NAME")]
    NotAName(String),
    #[error("the visits cannot be counted")]
    #[lift(internal)]
    Db(#[from] lift::sqlite::Error),
}

#[derive(Serialize)]
struct Greeting {
    text: String,
    visits: i64,
}

/// Greets by name and counts.
#[lift::handler(GET, "/hello/{name}", timeout = "3s")]
async fn hello(name: String, mut db: Pooled<VisitsDb>) -> Result<Json<Greeting>, GreetError> {
    if !name.chars().all(char::is_alphabetic) {
        return Err(GreetError::NotAName(name));
    }
    let visitor = name.clone();
    let visits = db
        .call(move |db| {
            db.execute("INSERT INTO visits VALUES (?1)", [&visitor])?;
            db.query_row("SELECT count(*) FROM visits WHERE name = ?1", [&visitor], |row| row.get(0))
        })
        .await?;
    Ok(Json(Greeting { text: format!("hello, {name}"), visits }))
}

/// Makes the table.
async fn schema(mut db: Pooled<VisitsDb>) -> Result<(), lift::sqlite::Error> {
    db.call(|db| db.execute_batch("CREATE TABLE IF NOT EXISTS visits (name TEXT)")).await
}

#[lift::main]
async fn main() -> lift::Result<()> {
    App::new("quickstart").on_start(schema).handlers(lift::handlers![hello]).run().await
}
