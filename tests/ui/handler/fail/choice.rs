#[lift::handler(sqs = "orders", on_permanent = "ignore")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
