#[lift::main]
async fn main<T>() {}
