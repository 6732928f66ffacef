#[lift::health_check]
fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
