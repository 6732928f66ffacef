use lift::prelude::*;

#[derive(Resource)]
struct OrdersDb<T>(T);

#[lift::handler(GET, "/orders")]
async fn orders(db: Pooled<OrdersDb<u8>>) {
    let _ = db;
}

fn main() {
    let _ = lift::handlers![orders];
}
