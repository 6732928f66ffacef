#[lift::handler(GET, "/orders")]
async fn orders() -> Result<Option<String>, lift::Error> {
    Ok(None)
}

fn main() {
    let _ = lift::handlers![orders];
}
