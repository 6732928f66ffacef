#[lift::handler(POST, "/orders")]
async fn orders(body: String) {
    let count = std::rc::Rc::new(1);
    std::future::ready(()).await;
    drop((body, count));
}

fn main() {
    let _ = lift::handlers![orders];
}
