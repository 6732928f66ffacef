#[lift::handler(sns = "orders", partial)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
