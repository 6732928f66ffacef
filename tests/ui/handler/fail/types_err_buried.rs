use lift::prelude::*;

#[lift::handler(POST, "/orders")]
async fn orders() -> (StatusCode, Result<(), StatusCode>) {
    (StatusCode::CREATED, Err(StatusCode::CONFLICT))
}

fn main() {
    let _ = lift::handlers![orders];
}
