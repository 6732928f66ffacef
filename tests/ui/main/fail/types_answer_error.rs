struct NoError;

#[lift::main]
async fn main() -> Result<(), NoError> {
    Err(NoError)
}
