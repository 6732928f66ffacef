#[lift::handler(GET, "/orders", timeout_ms = 1500)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
