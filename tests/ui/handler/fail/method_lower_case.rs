#[lift::handler(get, "/orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
