use lift::prelude::*;

#[derive(Resource)]
#[resource(health(ready = true))]
struct OrdersDb(lift::sqlite::Connection);

fn main() {
    fn takes(_: Pooled<OrdersDb>) {}
}
