use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("the order does not exist")]
    #[lift(internal)]
    NotFound(#[lift(status = 404)] u64),
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
