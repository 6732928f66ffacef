#[lift::handler(ws = "$conect")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
