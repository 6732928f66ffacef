#[lift::handler(GET, "/orders#top")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
