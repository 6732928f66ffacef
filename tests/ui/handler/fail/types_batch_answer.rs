use lift::event::Batch;
use lift::prelude::*;

#[lift::handler(sqs = "orders")]
async fn orders(batch: Batch<u64>) -> Result<StatusCode, lift::Error> {
    let _ = batch;
    Ok(StatusCode::OK)
}

fn main() {
    let _ = lift::handlers![orders];
}
