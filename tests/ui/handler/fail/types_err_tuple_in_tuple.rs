use lift::prelude::*;

#[lift::handler(sqs = "orders")]
async fn orders() -> (StatusCode, (StatusCode, Result<(), String>)) {
    (StatusCode::OK, (StatusCode::OK, Err("lost".to_owned())))
}

fn main() {
    let _ = lift::handlers![orders];
}
