#[lift::handler(GET, "/orders")]
async fn orders() -> std::collections::HashMap<u8, Vec<u8>> {
    Default::default()
}

fn main() {
    let _ = lift::handlers![orders];
}
