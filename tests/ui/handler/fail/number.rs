#[lift::handler(sqs = "orders", concurrency = 0)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
