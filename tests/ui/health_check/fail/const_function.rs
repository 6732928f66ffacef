#[lift::health_check]
const fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
