#![deny(dead_code)]

#[lift::handler(GET, "/orders")]
async fn orders() {}

fn main() {}
