#[lift::main(flavor)]
async fn main() {}
