#[lift::handler(GET, "/orders/{id}")]
async fn orders(id: OrderId) {
    let _ = id;
}

fn main() {
    let _ = lift::handlers![orders];
}
