#[lift::health_check(name = "orders"; critical = false)]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
