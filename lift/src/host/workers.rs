//! Managed instances: as many invocations at a time as Lambda says, each polled for by a worker of its own.
//!
//! `lambda_runtime` has such workers, too, but one that ends is gone for good, and one that cannot reach Lambda tries
//! again without a pause. Everything else of an invocation stays its business.

use std::sync::Arc;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use lambda_runtime::{Config, Context, LambdaInvocation};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{BoxError, PooledClient};
use tokio::task::JoinSet;
use tower::{Service, ServiceExt};

use super::lambda::{BACK_OFF, POLLS};
use crate::error;

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";

/// How many invocations Lambda has in flight at most.
pub(super) fn concurrency() -> usize {
    std::env::var("AWS_LAMBDA_MAX_CONCURRENCY").ok().and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// Polls for as long as Lambda answers. A worker that ends is replaced; when one has tried in vain for long, so have
/// the others, and the process gives up.
pub(super) async fn run<S>(service: S, workers: usize) -> crate::Result<()>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let client = Arc::new(PooledClient::builder().with_pool_size(workers).build());
    let config = Arc::new(Config::from_env());
    let mut running = JoinSet::new();
    loop {
        while running.len() < workers {
            running.spawn(work(service.clone(), client.clone(), config.clone()));
        }
        let ended = match running.join_next().await {
            Some(Ok(Err(error))) => return Err(error),
            Some(Err(panicked)) => panicked.to_string(),
            Some(Ok(Ok(fault))) => error::chain(fault.as_ref()),
            None => continue,
        };
        tracing::warn!(error = ended, "a worker ended; another one takes its place");
        tokio::time::sleep(BACK_OFF).await;
    }
}

/// Serves one invocation after the other. What ends this worker alone is `Ok`.
async fn work<S>(
    mut service: S,
    client: Arc<PooledClient>,
    config: Arc<Config>,
) -> Result<BoxError, crate::Error>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError>,
{
    let mut attempt = 0;
    loop {
        let invocation = match next(&client, &config).await {
            Ok(Some(invocation)) => invocation,
            Ok(None) => continue,
            Err(error) => {
                let text = error::chain(error.as_ref());
                if attempt == POLLS {
                    return Err(crate::Error::msg(text));
                }
                let wait = BACK_OFF * 2_u32.pow(attempt);
                attempt += 1;
                tracing::warn!(error = text, attempt, ?wait, "polling for events failed; trying again");
                tokio::time::sleep(wait).await;
                continue;
            }
        };
        attempt = 0;
        let served = match service.ready().await {
            Ok(service) => service.call(invocation).await,
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            return Ok(error);
        }
    }
}

/// The next invocation; `None` when there is none yet.
async fn next(client: &PooledClient, config: &Arc<Config>) -> Result<Option<LambdaInvocation>, BoxError> {
    let request = Request::get("/2018-06-01/runtime/invocation/next").body(Body::empty())?;
    let (parts, body) = client.call(request).await?.into_parts();
    if parts.status == StatusCode::NO_CONTENT {
        return Ok(None);
    }
    if !parts.status.is_success() {
        return Err(format!("the Runtime API answered {}", parts.status).into());
    }
    let body = body.collect().await?.to_bytes();
    let id = parts.headers.get(REQUEST_ID).ok_or("the Runtime API sent an event without its request id")?;
    let context = Context::new(id.to_str()?, config.clone(), &parts.headers)?;
    Ok(Some(LambdaInvocation { parts, body, context }))
}
