use lift::prelude::*;

#[derive(Debug)]
struct OrderError;

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<Json<u64>, OrderError> {
    Ok(Json(7))
}

fn main() {
    let _ = lift::handlers![orders];
}
