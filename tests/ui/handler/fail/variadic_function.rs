#[lift::handler(GET, "/orders")]
async fn orders(body: String, _: ...) {
    drop(body);
}

fn main() {
    let _ = lift::handlers![orders];
}
