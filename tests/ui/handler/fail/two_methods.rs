#[lift::handler(GET, HEAD, "/orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
