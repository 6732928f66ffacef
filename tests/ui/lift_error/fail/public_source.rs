use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("not a number: {0}")]
    #[lift(status = 400)]
    Number(#[from] std::num::ParseIntError),
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
