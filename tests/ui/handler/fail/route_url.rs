#[lift::handler(GET, "https://shop.example/orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
