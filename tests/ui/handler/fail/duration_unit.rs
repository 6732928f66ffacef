#[lift::handler(GET, "/orders", timeout = "1h")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
