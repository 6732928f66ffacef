use lift::prelude::*;

#[lift::handler(sqs = "orders")]
async fn orders() -> Json<Result<(), String>> {
    Json(Err("lost".to_owned()))
}

fn main() {
    let _ = lift::handlers![orders];
}
