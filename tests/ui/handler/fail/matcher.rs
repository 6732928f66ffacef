#[lift::handler(event = "logs", matches("awslogs.data"))]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
