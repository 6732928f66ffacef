#[lift::main]
struct Main;

fn main() {}
