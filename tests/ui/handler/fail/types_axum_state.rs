use axum::extract::State;

#[lift::handler(GET, "/orders")]
async fn orders(State(names): State<Vec<String>>) {
    let _ = names;
}

fn main() {
    let _ = lift::handlers![orders];
}
