#[lift::health_check]
async fn orders(_: ...) {}

fn main() {
    let _ = lift::health_checks![orders];
}
