#[lift::health_check]
async fn orders(http: impl ToString) {
    let _ = http.to_string();
}

fn main() {
    let _ = lift::health_checks![orders];
}
