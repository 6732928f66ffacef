use lift::event::{Batch, SqsMessage};

#[lift::handler(GET, "/orders")]
async fn orders(message: SqsMessage, batch: Batch<u64>) {
    let _ = (message, batch);
}

fn main() {
    let _ = lift::handlers![orders];
}
