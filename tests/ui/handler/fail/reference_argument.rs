#[lift::handler(GET, "/orders")]
async fn orders(body: &str) {
    let _ = body;
}

fn main() {
    let _ = lift::handlers![orders];
}
