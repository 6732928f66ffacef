#[lift::handler(GET, "/orders", timeuot = "3s")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
