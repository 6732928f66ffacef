use lift::LiftError;

#[derive(Debug, LiftError)]
#[lift(status = 404)]
struct OrderError;

fn main() {}
