use lift::prelude::*;

#[lift::handler(GET, "/orders")]
async fn orders(filter: Json<String>) {
    let _ = filter;
}

fn main() {
    let _ = lift::handlers![orders];
}
