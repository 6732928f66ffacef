#[lift::handler(GET, "/orders")]
async fn orders<T: ToString>(body: T) -> String {
    body.to_string()
}

fn main() {
    let _ = lift::handlers![orders];
}
