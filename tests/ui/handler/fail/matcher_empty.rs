#[lift::handler(event = "logs", matches())]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
