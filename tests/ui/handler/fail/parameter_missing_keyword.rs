#[lift::handler(GET, "/orders/{type}")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
