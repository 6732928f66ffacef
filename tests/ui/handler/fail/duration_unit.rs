#[lift::handler(GET, "/orders", timeout = "1d")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
