#[lift::handler(GET, "/orders")]
struct Orders;

fn main() {}
