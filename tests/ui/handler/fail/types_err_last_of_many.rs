use http::HeaderMap;

type Eight = (HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, HeaderMap, Result<(), String>);

#[lift::handler(sqs = "orders")]
async fn orders() -> Eight {
    let map = HeaderMap::new;
    (map(), map(), map(), map(), map(), map(), map(), Err("lost".to_owned()))
}

fn main() {
    let _ = lift::handlers![orders];
}
