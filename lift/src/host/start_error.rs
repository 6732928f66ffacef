//! Tells Lambda why the function cannot start, as the Runtime API wants it.

use http::Request;
use lambda_runtime_api_client::{BoxError, Client, body::Body};

use crate::error;

/// The `errorType` of a function that cannot start.
const CODE: &str = "INIT_FAILED";

/// Reports it, in the words that are for everybody: whoever may invoke the function reads them. Lambda ends the sandbox either way, so a failure here is no more than a line in the log.
pub(super) async fn report(error: &crate::Error) {
    if let Err(failed) = try_to(&error.summary()).await {
        tracing::warn!(
            error = error::chain(failed.as_ref()),
            "Lambda could not be told why the start failed"
        );
    }
}

async fn try_to(message: &str) -> Result<(), BoxError> {
    let body = serde_json::json!({"errorType": CODE, "errorMessage": message, "stackTrace": []});
    let request = Request::post("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", CODE)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))?;
    let answer = Client::builder().build()?.call(request).await?;
    if answer.status().is_success() {
        Ok(())
    } else {
        Err(format!("the Runtime API answered {}", answer.status()).into())
    }
}
