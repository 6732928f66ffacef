#![forbid(unused, missing_debug_implementations, clippy::pedantic)]

pub struct Shop;

impl Shop {
    #[lift::handler(GET, "/orders")]
    async fn orders(&self, names: Vec<u8>) -> String {
        format!("{:p} {names:?}", self)
    }
}

fn main() {}
