#[lift::health_check(timeout = "500")]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
