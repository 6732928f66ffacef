use lift::prelude::*;

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<impl IntoResponse, Json<&'static str>> {
    if false { Ok("all") } else { Err(Json("lost")) }
}

fn main() {
    let _ = lift::handlers![orders];
}
