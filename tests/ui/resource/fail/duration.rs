use lift::prelude::*;

#[derive(Resource)]
#[resource(pool(wait = "2"))]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
