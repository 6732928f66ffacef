#[lift::main]
async fn main() -> Result<(), Unknown> {
    Ok(())
}
