use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
#[lift(status = 404)]
enum OrderError {
    #[error("the order does not exist")]
    #[lift(internal)]
    NotFound,
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
