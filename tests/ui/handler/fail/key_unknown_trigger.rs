#[lift::handler(kafka = "fulfilment")]
async fn orders() {}

fn main() {
    let _ = lift::handlers![orders];
}
