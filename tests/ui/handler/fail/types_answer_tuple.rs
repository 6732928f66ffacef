use lift::prelude::*;

struct Order;

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<(StatusCode, Json<Order>), PoolError> {
    Ok((StatusCode::OK, Json(Order)))
}

fn main() {
    let _ = lift::handlers![orders];
}
