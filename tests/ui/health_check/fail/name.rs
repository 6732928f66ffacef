#[lift::health_check(name = "Orders")]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
