#[lift::handler(GET, "/orders/{id}")]
async fn orders(id: Vec<u8>) {
    let _ = id;
}

fn main() {
    let _ = lift::handlers![orders];
}
