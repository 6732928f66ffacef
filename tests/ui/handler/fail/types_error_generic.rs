use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum Up<E> {
    #[error(transparent)]
    #[lift(transparent)]
    Inner(#[from] E),
}

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<(), Up<std::io::Error>> {
    Ok(())
}

fn main() {
    let _ = lift::handlers![orders];
}
