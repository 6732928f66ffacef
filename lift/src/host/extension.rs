//! An internal extension that wants no events: Lambda sends SIGTERM before it ends a sandbox, but only to those with an
//! extension, and resources are to be closed.

use std::convert::Infallible;
use std::time::Duration;

use http::Request;
use lambda_runtime_api_client::{BoxError, Client, body::Body};

use crate::error;

const NAME: &str = "lift-shutdown";
const IDENTIFIER: &str = "lambda-extension-identifier";

/// How long to wait before asking again, when the connection was lost; a restored snapshot has none.
const AGAIN: Duration = Duration::from_secs(1);

/// Registers it. Without one nothing else changes, so a failure is no more than a line in the log.
pub(super) async fn register() {
    match try_to().await {
        Ok((client, identifier)) => {
            tokio::spawn(stay(client, identifier));
        }
        Err(error) => {
            let error = error::chain(error.as_ref());
            tracing::debug!(error, "no extension could be registered; this sandbox ends without a warning");
        }
    }
}

async fn try_to() -> Result<(Client, String), BoxError> {
    let client = Client::builder().build()?;
    let request = Request::post("/2020-01-01/extension/register")
        .header("lambda-extension-name", NAME)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"events":[]}"#))?;
    let answer = client.call(request).await?;
    let identifier = answer.headers().get(IDENTIFIER).and_then(|value| value.to_str().ok());
    match identifier {
        Some(identifier) if answer.status().is_success() => Ok((client, identifier.to_owned())),
        _ => Err(format!("the Extensions API answered {}", answer.status()).into()),
    }
}

/// Lambda takes an extension for ready once it asks for its next event, which never comes.
async fn stay(client: Client, identifier: String) -> Result<Infallible, http::Error> {
    loop {
        let request = Request::get("/2020-01-01/extension/event/next").header(IDENTIFIER, &identifier);
        if let Err(error) = client.call(request.body(Body::empty())?).await {
            tracing::debug!(error = error::chain(error.as_ref()), "the extension's connection was lost");
        }
        tokio::time::sleep(AGAIN).await;
    }
}
