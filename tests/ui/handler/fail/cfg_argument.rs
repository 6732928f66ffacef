#[lift::handler(GET, "/orders")]
async fn orders(#[cfg(unix)] body: String) {
    drop(body);
}

fn main() {
    let _ = lift::handlers![orders];
}
