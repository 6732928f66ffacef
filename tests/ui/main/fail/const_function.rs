#[lift::main]
const fn main() {}
