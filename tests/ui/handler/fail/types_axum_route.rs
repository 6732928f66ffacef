use axum::extract::{MatchedPath, NestedPath};

#[lift::handler(GET, "/orders")]
async fn orders(route: Option<MatchedPath>, prefix: NestedPath) {
    let _ = (route, prefix);
}

fn main() {
    let _ = lift::handlers![orders];
}
