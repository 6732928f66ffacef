//! The function, behind an HTTP API of API Gateway.

use lambda_runtime::service_fn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(function_raw::http_api)).await
}
