use lift::prelude::*;

#[lift::handler(POST, "/orders")]
async fn orders(body: Result<Json<u64>, String>) {
    let _ = body;
}

fn main() {
    let _ = lift::handlers![orders];
}
