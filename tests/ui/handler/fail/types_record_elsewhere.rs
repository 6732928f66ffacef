use lift::event::{KinesisRecord, StreamRecord};

#[lift::handler(sqs = "orders")]
async fn orders(both: (KinesisRecord, Result<StreamRecord, lift::Failure>)) {
    let _ = both;
}

fn main() {
    let _ = lift::handlers![orders];
}
