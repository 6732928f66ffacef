#[lift::handler(GET, "/%6frders/caf%c3%A9/100%")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
