use lift::prelude::*;

#[lift::handler(POST, "/orders/{id}")]
async fn orders(order: Json<String>, id: u64) {
    let _ = (order, id);
}

fn main() {
    let _ = lift::handlers![orders];
}
