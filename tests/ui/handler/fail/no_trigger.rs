#[lift::handler]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
