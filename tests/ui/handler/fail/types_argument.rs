#[lift::handler(GET, "/orders")]
async fn orders(limits: Vec<u8>, body: String) {
    let _ = (limits, body);
}

fn main() {
    let _ = lift::handlers![orders];
}
