#[lift::health_check(fail_after = 0)]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
