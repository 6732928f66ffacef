use lift::prelude::*;

#[derive(Resource)]
#[resource(pool(warm = "eagre"))]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
