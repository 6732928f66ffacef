use lift::prelude::*;

#[derive(Resource)]
#[resource(pool = 8)]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
