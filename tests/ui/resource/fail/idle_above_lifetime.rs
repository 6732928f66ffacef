use lift::prelude::*;

#[derive(Resource)]
#[resource(pool(idle_timeout = "60m", max_lifetime = "30m"))]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
