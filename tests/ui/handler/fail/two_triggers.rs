#[lift::handler(GET, "/orders", invoke = "orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
