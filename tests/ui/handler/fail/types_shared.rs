use lift::prelude::*;

struct Warehouse;

#[lift::handler(GET, "/orders")]
async fn orders(warehouse: Shared<Warehouse>) {
    let _ = warehouse;
}

fn main() {
    let _ = lift::handlers![orders];
}
