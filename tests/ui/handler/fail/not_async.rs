#[lift::handler(GET, "/orders")]
fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
