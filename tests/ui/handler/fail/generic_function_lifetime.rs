#[lift::handler(GET, "/orders")]
async fn orders<'a>() -> &'a str {
    "none"
}

fn main() {
    let _ = lift::handlers![orders];
}
