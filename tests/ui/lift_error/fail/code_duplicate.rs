use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("the order does not exist")]
    #[lift(status = 404, code = "GONE")]
    NotFound,
    #[error("the order was deleted")]
    #[lift(status = 410, code = "GONE")]
    Deleted,
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
