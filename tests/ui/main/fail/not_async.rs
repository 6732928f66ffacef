#[lift::main]
fn main() {}
