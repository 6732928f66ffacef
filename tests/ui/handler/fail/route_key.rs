#[lift::handler(ws = "connect")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
