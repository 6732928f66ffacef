#[lift::handler(GET, "/orders/{id}")]
async fn one_order(id: u64) {
    let _ = id;
}

#[lift::handler(GET, "/orders/{number}")]
async fn order_by_number(number: String) {
    let _ = number;
}

fn main() {
    let _ = lift::handlers![one_order, order_by_number];
}
