#[lift::handler(GET, "/orders%2Fopen")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
