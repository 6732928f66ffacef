use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("not a number")]
    #[lift(status = 400, public = "line {}: {}", .line, .source)]
    Number { line: u32, source: std::num::ParseIntError },
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
