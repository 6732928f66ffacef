use lift::prelude::*;

#[derive(Debug, thiserror::Error, LiftError)]
#[derive(LiftError)]
#[error("there is none")]
#[lift(status = 404)]
struct Missing;

fn main() {
    let _ = Missing.into_response();
}
