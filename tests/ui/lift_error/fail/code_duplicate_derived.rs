use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("the disk failed")]
    #[lift(internal)]
    IoError,
    #[error("the network failed")]
    #[lift(status = 502)]
    IOError,
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
