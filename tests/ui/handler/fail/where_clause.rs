#[lift::handler(GET, "/orders")]
async fn orders()
where
    String: Clone,
{
}

fn main() {
    let _ = lift::handlers![orders];
}
