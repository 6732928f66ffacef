#[lift::handler(sqs = "OrdersQueue")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
