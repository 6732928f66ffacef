#[lift::handler(sqs = "orders")]
async fn fulfil() {}

#[lift::handler(sqs = "orders", concurrency = 8)]
async fn count() {}

fn main() {
    let _ = lift::handlers![fulfil, count];
}
