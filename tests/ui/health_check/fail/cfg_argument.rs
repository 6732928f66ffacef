use lift::prelude::*;

#[lift::health_check]
async fn orders(#[cfg(unix)] http: Shared<String>) {
    drop(http);
}

fn main() {
    let _ = lift::health_checks![orders];
}
