#[lift::handler(GET, "/orders", timeout)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
