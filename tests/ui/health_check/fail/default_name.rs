#[lift::health_check]
async fn __() {}

fn main() {}
