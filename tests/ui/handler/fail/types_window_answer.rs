use lift::event::{Batch, Window};

#[lift::handler(kinesis = "clicks")]
async fn clicks(window: Window<u64>, batch: Batch<u64>) -> Result<(), lift::Error> {
    let _ = (window, batch);
    Ok(())
}

fn main() {
    let _ = lift::handlers![clicks];
}
