#[lift::handler(GET, "/orders", timeout = "0s")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
