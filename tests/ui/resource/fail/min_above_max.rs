use lift::prelude::*;

#[derive(Resource)]
#[resource(pool(max_size = 4, min_idle = 8))]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
