use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error(transparent)]
    #[lift(transparent)]
    Any(#[from] Box<dyn std::error::Error>),
}

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<(), OrderError> {
    Ok(())
}

fn main() {
    let _ = lift::handlers![orders];
}
