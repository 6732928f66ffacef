use lift::prelude::*;

#[derive(Resource)]
#[resource(pool(max_size = 100000))]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
