use lift::prelude::*;

#[lift::handler(invoke = "orders")]
async fn orders(route: MatchedPath, id: Path<u64>) {
    let _ = (route, id);
}

fn main() {
    let _ = lift::handlers![orders];
}
