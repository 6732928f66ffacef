#[lift::main]
async fn run() {}

fn main() {}
