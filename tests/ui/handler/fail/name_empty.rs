#[lift::handler(invoke = "")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
