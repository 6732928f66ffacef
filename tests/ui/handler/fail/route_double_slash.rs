#[lift::handler(GET, "/shop//orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
