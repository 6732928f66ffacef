use lift::prelude::*;

#[derive(Resource)]
#[resource(name = "OrdersDb")]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
