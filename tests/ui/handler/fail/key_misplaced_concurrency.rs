#[lift::handler(invoke = "orders", concurrency = 8)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
