#[lift::health_check(critical = "false")]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
