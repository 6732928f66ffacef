//! Every key.
#![deny(warnings, dead_code)]

#[lift::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let here = std::thread::current().id();
    let there = tokio::spawn(async { std::thread::current().id() }).await;
    assert_ne!(Some(here), there.ok());
}
