//! Newtypes that open themselves, around a resource and around any other value.
#![deny(warnings, dead_code, missing_docs, unreachable_pub, unused_qualifications)]

use lift::prelude::*;
use lift::{BoxError, Init};

#[derive(Resource)]
#[resource(initialize = Self::open, config = lift::sqlite::Config, error = lift::sqlite::Error)]
struct OrdersDb(lift::sqlite::Connection);

impl OrdersDb {
    async fn open(config: &lift::sqlite::Config, init: &Init) -> Result<Self, lift::sqlite::Error> {
        lift::sqlite::Connection::initialize(config, init).await.map(Self)
    }
}

#[derive(Resource)]
#[resource(after_connect = Self::prepare)]
struct Prepared(lift::sqlite::Connection);

impl Prepared {
    async fn prepare(&mut self) -> Result<(), lift::sqlite::Error> {
        self.call(|db| db.execute_batch("PRAGMA foreign_keys = on")).await
    }
}

#[derive(Resource)]
#[resource(initialize = count, after_connect = prepare)]
struct Count(u32);

async fn count(_: &lift::config::NoSettings, _: &Init) -> Result<Count, BoxError> {
    Ok(Count(0))
}

async fn prepare(count: &mut Count) -> Result<(), BoxError> {
    **count += 1;
    Ok(())
}

fn main() {
    fn takes(db: &OrdersDb, prepared: &Prepared, count: &Count) {
        let (_, _, _): (&lift::sqlite::Connection, &lift::sqlite::Connection, &u32) = (db, prepared, count);
    }
    let _ = takes;
}
