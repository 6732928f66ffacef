#[lift::main]
async unsafe fn main() {}
