#[lift::main(flavor = "multithread")]
async fn main() {}
