#[lift::health_check(name = "orders", name = "all-orders")]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
