#[lift::health_check(timeout = "10s", interval = "5s")]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
