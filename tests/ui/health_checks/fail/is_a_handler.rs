#[lift::handler(GET, "/orders")]
async fn orders() {}

fn main() {
    let _ = lift::health_checks![orders];
}
