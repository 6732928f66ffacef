use lift::event::{Batch, Window};

#[lift::handler(sqs = "clicks")]
async fn clicks(batch: Batch<u64>, window: Window<u64>) -> Window<u64> {
    let _ = batch;
    window
}

fn main() {
    let _ = lift::handlers![clicks];
}
