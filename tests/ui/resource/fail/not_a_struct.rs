use lift::prelude::*;

#[derive(Resource)]
enum OrdersDb {
    Here(lift::sqlite::Connection),
}

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
