#[lift::handler(GET, "/files/{proxy+}")]
async fn orders(proxy: String) {
    let _ = proxy;
}

fn main() {
    let _ = lift::handlers![orders];
}
