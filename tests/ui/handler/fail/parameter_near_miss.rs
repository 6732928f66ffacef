#[lift::handler(GET, "/orders/{order_id}")]
async fn orders(orderid: u64) {
    let _ = orderid;
}

fn main() {
    let _ = lift::handlers![orders];
}
