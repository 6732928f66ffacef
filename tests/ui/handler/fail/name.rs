#[lift::handler(invoke = "Re-Index Orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
