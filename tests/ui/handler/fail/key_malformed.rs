#[lift::handler(GET, "/orders" timeout = "3s")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
