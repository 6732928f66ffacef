#[lift::handler(GET, "/orders?page={page}")]
async fn orders(page: u32) {
    let _ = page;
}

fn main() {
    let _ = lift::handlers![orders];
}
