#[lift::handler(GET, ORDERS)]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
