#[lift::handler(GET, "/orders", crate = lift)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
