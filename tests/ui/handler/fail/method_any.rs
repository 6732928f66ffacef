#[lift::handler(ANY, "/orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
