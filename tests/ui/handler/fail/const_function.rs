#[lift::handler(GET, "/orders")]
const fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
