#[lift::handler(POST, "/orders")]
async fn orders(body: Vec<u64>) {
    let _ = body;
}

fn main() {
    let _ = lift::handlers![orders];
}
