//! Every key, and every answer.
#![deny(warnings, dead_code, missing_docs)]

use lift::prelude::*;

#[derive(Resource)]
struct OrdersDb(lift::sqlite::Connection);

#[lift::health_check]
async fn nothing() {}

#[lift::health_check(kind = "liveness")]
async fn alive() -> Status {
    Status::Healthy
}

#[lift::health_check(name = "orders-db", kind = "readiness", timeout = "500ms", critical = false)]
async fn orders(mut db: Pooled<OrdersDb>, _: Shared<String>, pool: Pool<OrdersDb>) -> Result<(), lift::BoxError> {
    let _ = (&mut db, pool);
    Ok(())
}

#[lift::health_check(cache = "2s", interval = "10s", fail_after = 3, recover_after = 2, crate = "::lift")]
async fn patient() {}

#[lift::health_check(kind = "startup", critical = true)]
async fn started(db: Option<Pooled<OrdersDb>>) -> Health {
    let _ = db;
    Health::healthy()
}

fn main() {
    let _ = lift::health_checks![nothing, alive, orders, patient, started];
}
