#[lift::health_check]
enum Orders {}

fn main() {}
