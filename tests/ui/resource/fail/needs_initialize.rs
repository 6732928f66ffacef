use lift::prelude::*;

#[derive(Resource)]
#[resource(error = std::fmt::Error)]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
