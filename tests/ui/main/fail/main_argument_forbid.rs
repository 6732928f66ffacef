#![forbid(unused, clippy::pedantic)]

#[lift::main]
async fn main(names: Vec<String>) {
    drop(names);
}
