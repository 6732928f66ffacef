use lift::prelude::*;

#[derive(Resource)]
#[resource(pool)]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
