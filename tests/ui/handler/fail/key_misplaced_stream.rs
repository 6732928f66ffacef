#[lift::handler(sqs = "orders", stream)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
