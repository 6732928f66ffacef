//! Newtypes, with every key.
#![deny(warnings, dead_code, missing_docs, unreachable_pub, unused_qualifications)]

use lift::prelude::*;
use lift::sqlite::Connection;

#[derive(Resource)]
struct Plain(Connection);

#[derive(Resource)]
#[resource(
    name = "orders-db",
    pool(
        max_size = 8,
        min_idle = 1,
        wait = "2s",
        connect_timeout = "1s",
        validate_timeout = "250ms",
        validate_after = "0ms",
        idle_timeout = "10m",
        max_lifetime = "30m",
        cleanup_timeout = "1s",
        leak_after = "30s",
        stuck_after = "1m",
        warm = "lazy",
    ),
    health(timeout = "250ms", critical = false, ready),
    settings(url = "orders.db", retries = 3, create = true)
)]
struct OrdersDb(Connection);

#[derive(Resource)]
#[resource(is_valid = Self::is_fresh, health_check = Self::ping, cleanup = Self::close)]
struct Watched(Connection);

impl Watched {
    fn is_fresh(&self) -> bool {
        true
    }

    async fn ping(&mut self) -> Result<(), <Connection as Resource>::Error> {
        Connection::health_check(&mut self.0).await
    }

    async fn close(self) {}
}

fn main() {
    fn derefs(db: &mut OrdersDb) -> &mut Connection {
        db
    }
    let _ = derefs;
    let _ = lift::handlers![takes];
}

#[lift::handler(GET, "/")]
async fn takes(a: Pooled<Plain>, b: Pooled<OrdersDb>, c: Pooled<Watched>) {
    let _ = (a, b, c);
}
