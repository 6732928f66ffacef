#[lift::handler(GET, "/orders/{id:[0-9]+}")]
async fn orders(id: u64) {
    let _ = id;
}

fn main() {
    let _ = lift::handlers![orders];
}
