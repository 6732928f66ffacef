use lift::LiftError;

#[derive(LiftError)]
union OrderError {
    code: u8,
}

fn main() {}
