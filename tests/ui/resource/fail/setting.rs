use lift::prelude::*;

#[derive(Resource)]
#[resource(settings(url = URL))]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
