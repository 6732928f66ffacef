#[lift::health_check(kind)]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
