use axum::response::{IntoResponse, Response};

struct Lost;

impl IntoResponse for Lost {
    fn into_response(self) -> Response {
        "lost".into_response()
    }
}

#[lift::handler(GET, "/orders")]
async fn orders() -> Result<(), Lost> {
    Err(Lost)
}

fn main() {
    let _ = lift::handlers![orders];
}
