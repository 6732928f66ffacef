use lift::event::Batch;
use lift::prelude::*;

type Orders = Batch<u64>;

#[lift::handler(kinesis = "orders")]
async fn orders(batch: Orders) -> impl IntoResponse {
    let _ = batch;
    "done"
}

fn main() {
    let _ = lift::handlers![orders];
}
