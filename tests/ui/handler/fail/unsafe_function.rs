#[lift::handler(GET, "/orders")]
async unsafe fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
