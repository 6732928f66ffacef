#[lift::health_check(name = "warehouse")]
async fn orders() {}

#[lift::health_check]
async fn warehouse() {}

fn main() {
    let _ = lift::health_checks![orders, warehouse];
}
