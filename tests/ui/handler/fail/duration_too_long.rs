#[lift::handler(GET, "/orders", timeout = "20m")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
