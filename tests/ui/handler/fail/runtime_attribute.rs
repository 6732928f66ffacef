#[lift::handler(GET, "/orders")]
#[tokio::main]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
