use lift::prelude::*;

#[derive(Resource)]
#[derive(Resource)]
struct OrdersDb(lift::sqlite::Connection);

#[lift::handler(GET, "/orders")]
async fn orders(db: Pooled<OrdersDb>) {
    let _ = db;
}

fn main() {
    let _ = lift::handlers![orders];
}
