#[lift::handler(GET, "/orders")]
async fn orders() -> Result<Result<(), &'static str>, lift::Error> {
    Ok(Err("lost"))
}

fn main() {
    let _ = lift::handlers![orders];
}
