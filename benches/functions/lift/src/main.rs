//! The function.

#[lift::main]
async fn main() -> lift::Result<()> {
    function_lift::app().run().await
}
