#[lift::handler(GET, "/orders", matches("/kind"))]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
