//! Two apps in one program share handlers, checks and resources, and each has its own pools.
#![deny(warnings, dead_code)]

use lift::prelude::*;
use lift::sqlite;

#[derive(Resource)]
struct OrdersDb(sqlite::Connection);

#[lift::handler(GET, "/orders/{id}")]
async fn order(id: u64, _db: Pooled<OrdersDb>) -> String {
    id.to_string()
}

#[lift::handler(GET, "/admin")]
async fn admin() {}

#[lift::health_check]
async fn disk() {}

fn public() -> App {
    App::new("public").handlers(lift::handlers![order]).health_checks(lift::health_checks![disk])
}

fn internal() -> App {
    App::new("internal").handlers(lift::handlers![order, admin]).health_checks(lift::health_checks![disk])
}

fn main() {
    for app in [public(), internal()] {
        lift::testing::check(app.group("/v1", lift::handlers![admin])).unwrap_err();
    }
    for app in [public(), internal()] {
        app.test().var("ORDERS_DB_URL", ":memory:").check().unwrap();
    }
}
