#[lift::health_check(readiness)]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
