//! A handler is still an ordinary function.
#![deny(warnings, dead_code)]

use lift::prelude::*;

#[derive(Clone)]
struct Greeting(&'static str);

/// Says hello.
#[lift::handler(GET, "/hello/{name}")]
async fn hello(name: String, greeting: Shared<Greeting>) -> String {
    let Greeting(hi) = *greeting;
    format!("{hi}, {name}")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(hello("Ada".to_owned(), Shared::new(Greeting("hi"))).await, "hi, Ada");
    let _ = lift::handlers![hello];
}
