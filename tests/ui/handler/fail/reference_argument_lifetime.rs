#[lift::handler(GET, "/orders/{id}")]
async fn order<'a>(id: &'a str) {
    let _ = id;
}

fn main() {
    let _ = lift::handlers![order];
}
