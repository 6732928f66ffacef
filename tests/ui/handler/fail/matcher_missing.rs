#[lift::handler(event = "logs")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
