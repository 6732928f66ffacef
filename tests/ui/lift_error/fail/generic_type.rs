use lift::LiftError;

#[derive(Debug, thiserror::Error, LiftError)]
#[error("the order does not exist")]
#[lift(status = 404)]
struct OrderError<T>(T);

fn main() {}
