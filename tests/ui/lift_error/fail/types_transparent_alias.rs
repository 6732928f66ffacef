use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error(transparent)]
    #[lift(transparent)]
    Any(#[from] lift::BoxError),
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
