use lift::prelude::*;

#[lift::handler(POST, "/orders")]
async fn orders(Json(body): Json<&str>) {
    let _ = body;
}

fn main() {
    let _ = lift::handlers![orders];
}
