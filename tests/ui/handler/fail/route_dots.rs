#[lift::handler(GET, "/orders/../all")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
