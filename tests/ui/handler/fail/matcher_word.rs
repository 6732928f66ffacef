#[lift::handler(event = "logs", matches(kind = "logs"))]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
