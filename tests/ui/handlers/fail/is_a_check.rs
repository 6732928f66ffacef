#[lift::health_check]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
