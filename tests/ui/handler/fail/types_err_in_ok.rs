use lift::prelude::*;

#[lift::handler(sqs = "orders")]
async fn orders() -> Result<(StatusCode, (StatusCode, Result<(), String>)), lift::Error> {
    Ok((StatusCode::OK, (StatusCode::OK, Err("lost".to_owned()))))
}

fn main() {
    let _ = lift::handlers![orders];
}
