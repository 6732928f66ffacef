use lift::prelude::*;

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<(Json<u8>, Json<u8>), PoolError> {
    Ok((Json(1), Json(2)))
}

fn main() {
    let _ = lift::handlers![orders];
}
