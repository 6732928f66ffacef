#[lift::handler(GET, "/orders")]
async fn orders() -> Result<String, std::fmt::Error> {
    Ok(String::new())
}

fn main() {
    let _ = lift::handlers![orders];
}
