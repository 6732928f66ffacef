#[lift::handler(sqs = "orders", sns = "orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
