#[lift::handler(GET, "/orders", "/all-orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
