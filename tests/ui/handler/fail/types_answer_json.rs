use lift::prelude::*;

struct Order;

#[lift::handler(GET, "/orders")]
async fn orders() -> Json<Order> {
    Json(Order)
}

fn main() {
    let _ = lift::handlers![orders];
}
