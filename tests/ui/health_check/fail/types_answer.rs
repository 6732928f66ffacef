#[lift::health_check]
async fn orders() -> bool {
    true
}

fn main() {
    let _ = lift::health_checks![orders];
}
