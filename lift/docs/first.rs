use lift::prelude::*;

#[lift::handler(GET, "/hello/{name}")]
async fn hello(name: String) -> String {
    format!("hello, {name}")
}

#[lift::main]
async fn main() -> lift::Result<()> {
    App::new("greeter").handlers(lift::handlers![hello]).run().await
}
