#[lift::handler(GET, "/orders")]
#[lift::handler(GET, "/all-orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
