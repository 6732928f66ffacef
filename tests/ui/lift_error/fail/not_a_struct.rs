use lift::LiftError;

#[derive(LiftError)]
union OrderError {
    code: u8,
}

impl std::fmt::Debug for OrderError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl std::fmt::Display for OrderError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl std::error::Error for OrderError {}

fn main() {}
