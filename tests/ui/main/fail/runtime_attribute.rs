#[lift::main]
#[tokio::main]
async fn main() {}
