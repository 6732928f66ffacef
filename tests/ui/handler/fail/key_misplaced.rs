#[lift::handler(invoke = "orders", cancel_on_disconnect)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
