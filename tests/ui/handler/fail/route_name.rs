#[lift::handler(GET, "/orders/{order-id}")]
async fn orders(order_id: u64) {
    let _ = order_id;
}

fn main() {
    let _ = lift::handlers![orders];
}
