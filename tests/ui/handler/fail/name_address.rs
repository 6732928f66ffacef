#[lift::handler(sqs = "arn:aws:sqs:eu-north-1:123456789012:orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
