#[lift::handler(GET, "/orders")]
async fn orders(body: impl Into<String>) {
    let _: String = body.into();
}

fn main() {
    let _ = lift::handlers![orders];
}
