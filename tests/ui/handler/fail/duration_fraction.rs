#[lift::handler(GET, "/orders", timeout = "1.5s")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
