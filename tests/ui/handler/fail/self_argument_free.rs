#[lift::handler(GET, "/orders")]
async fn orders(&self) -> &str {
    self.name
}

fn main() {}
