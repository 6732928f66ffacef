#[lift::handler(GET, "/orders", timeout = "3")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
