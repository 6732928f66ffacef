#![forbid(unused)]

#[lift::handler(GET, "/orders")]
async fn orders() {}

fn main() {}
