use axum::extract::Path;

#[lift::handler(GET, "/orders/{id}")]
async fn orders(Path(id): Path<u64>) {
    let _ = id;
}

fn main() {
    let _ = lift::handlers![orders];
}
