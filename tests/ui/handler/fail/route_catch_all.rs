#[lift::handler(GET, "/files/{*path}/meta")]
async fn orders(path: String) {
    let _ = path;
}

fn main() {
    let _ = lift::handlers![orders];
}
