#[lift::handler(GET, "/orders/order-{id}")]
async fn orders(id: u64) {
    let _ = id;
}

fn main() {
    let _ = lift::handlers![orders];
}
