use lift::prelude::*;

#[lift::health_check]
async fn orders(http: &Shared<String>) {
    let _ = http;
}

fn main() {
    let _ = lift::health_checks![orders];
}
