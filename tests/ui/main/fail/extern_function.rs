#[lift::main]
async extern "C" fn main() {}
