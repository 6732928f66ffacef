use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
#[error("there is no {0}")]
struct Missing<T>(T);

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<(), Missing<u64>> {
    Err(Missing(7))
}

fn main() {
    let _ = lift::handlers![orders];
}
