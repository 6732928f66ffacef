use lift::prelude::*;

#[derive(Resource)]
struct OrdersDb {
    connection: lift::sqlite::Connection,
}

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
