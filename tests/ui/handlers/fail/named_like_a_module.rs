mod orders {}

#[lift::handler(GET, "/orders")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
