#[lift::handler(GET, "/shops/{shop}/orders/{id}")]
async fn orders(shop: String) {
    let _ = shop;
}

fn main() {
    let _ = lift::handlers![orders];
}
