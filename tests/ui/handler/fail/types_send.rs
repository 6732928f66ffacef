#[lift::handler(GET, "/orders")]
async fn orders() {
    let count = std::rc::Rc::new(1);
    std::future::ready(()).await;
    drop(count);
}

fn main() {
    let _ = lift::handlers![orders];
}
