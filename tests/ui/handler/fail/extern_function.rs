#[lift::handler(GET, "/orders")]
async extern "C" fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
