use lift::prelude::*;

#[derive(Debug)]
struct Item;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("too many of it")]
    #[lift(status = 422, details(item))]
    TooMany { item: Item },
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
