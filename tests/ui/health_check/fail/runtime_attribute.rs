#[lift::health_check]
#[tokio::test]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
