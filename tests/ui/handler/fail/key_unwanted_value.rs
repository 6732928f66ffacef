#[lift::handler(GET, "/orders", cancel_on_disconnect = true)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
