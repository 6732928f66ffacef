#[lift::handler(GET, "/orders/{id")]
async fn orders(id: u64) {
    let _ = id;
}

fn main() {
    let _ = lift::handlers![orders];
}
