use lift::prelude::*;

#[derive(Resource)]
#[resource(initialize = "open")]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
