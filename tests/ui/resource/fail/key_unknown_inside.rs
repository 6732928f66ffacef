use lift::prelude::*;

#[derive(Resource)]
#[resource(pool(max_connections = 8))]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
