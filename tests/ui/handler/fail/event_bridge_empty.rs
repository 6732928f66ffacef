#[lift::handler(eventbridge())]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
