use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
enum OrderError {
    #[error("line {}: {}", .line, .source.kind())]
    #[lift(status = 400)]
    Number { line: u32, source: std::io::Error },
}

fn main() {
    fn answers() -> Result<(), OrderError> {
        Ok(())
    }
    let _ = answers().into_response();
}
