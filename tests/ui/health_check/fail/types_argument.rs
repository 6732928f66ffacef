#[lift::health_check]
async fn orders(name: String) {
    let _ = name;
}

fn main() {
    let _ = lift::health_checks![orders];
}
