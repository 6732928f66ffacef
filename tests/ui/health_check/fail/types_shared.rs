use lift::prelude::*;

struct Warehouse;

#[lift::health_check]
async fn orders(warehouse: Shared<Warehouse>) {
    let _ = warehouse;
}

fn main() {
    let _ = lift::health_checks![orders];
}
