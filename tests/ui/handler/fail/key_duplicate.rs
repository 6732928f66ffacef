#[lift::handler(GET, "/orders", timeout = "3s", timeout = "5s")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
