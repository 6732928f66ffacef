#[lift::handler(GET, "/open orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
