#[lift::handler(GET, "/orders/{id}/lines/{id}")]
async fn orders(id: u64) {
    let _ = id;
}

fn main() {
    let _ = lift::handlers![orders];
}
