use lift::prelude::*;

struct Order {
    pub id: u64,
}

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<Json<Order>, PoolError> {
    Ok(Json(Order { id: 7 }))
}

fn main() {
    let _ = lift::handlers![orders];
}
