use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("{}", self.words())]
    #[lift(status = 400)]
    Number(#[from] std::num::ParseIntError),
}

impl OrderError {
    fn words(&self) -> String {
        format!("{self:?}")
    }
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
