use lift::prelude::*;

#[derive(Resource)]
#[resource(name = "orders", name = "orders-db")]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
