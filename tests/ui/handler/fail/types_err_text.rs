type Answer<T> = Result<T, String>;

#[lift::handler(sqs = "orders")]
async fn orders() -> Answer<()> {
    Err("lost".to_owned())
}

fn main() {
    let _ = lift::handlers![orders];
}
