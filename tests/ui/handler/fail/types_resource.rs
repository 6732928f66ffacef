use lift::prelude::*;

#[lift::handler(GET, "/orders")]
async fn orders(db: Pooled<String>) {
    let _ = db;
}

fn main() {
    let _ = lift::handlers![orders];
}
