//! Managed instances: as many invocations at a time as Lambda says, each polled for by a worker of its own.
//!
//! `lambda_runtime` has such workers, too, but one that ends is gone for good, and one that cannot reach Lambda tries
//! again without a pause. Everything else of an invocation stays its business.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use lambda_runtime::{Config, Context, LambdaInvocation};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{BoxError, PooledClient};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::{Service, ServiceExt};

use super::polls::FailedPolls;
use crate::error;

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";

/// A worker that ends at once, again and again, must not spin.
const REPLACED_AFTER: Duration = Duration::from_millis(50);

/// How many invocations Lambda has in flight at most.
pub(super) fn concurrency() -> usize {
    std::env::var("AWS_LAMBDA_MAX_CONCURRENCY").ok().and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// Polls for as long as Lambda answers. A worker that ends is replaced. When one has polled in vain for long, no worker
/// polls any more; what is being served is served to its end.
pub(super) async fn run<S>(service: S, workers: usize) -> crate::Result<()>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let api = Api {
        client: PooledClient::builder().with_pool_size(workers).build(),
        config: Arc::new(Config::from_env()),
    };
    keep(service, workers, Arc::new(api)).await
}

/// Keeps so many workers at work.
async fn keep<S>(service: S, workers: usize, api: Arc<Api>) -> crate::Result<()>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let (stop, stopped) = watch::channel(false);
    let mut running = JoinSet::new();
    let mut given_up = Ok(());
    loop {
        while given_up.is_ok() && running.len() < workers {
            running.spawn(work(service.clone(), api.clone(), stopped.clone()));
        }
        let ended = match running.join_next().await {
            None => return given_up,
            Some(Ok(End::Stopped)) => continue,
            Some(Ok(End::GaveUp(error))) => {
                // The receivers live as long as their workers.
                let _ = stop.send(true);
                given_up = Err(error);
                continue;
            }
            Some(Ok(End::Fault(fault))) => error::chain(fault.as_ref()),
            Some(Err(panicked)) => panicked.to_string(),
        };
        tracing::warn!(error = ended, "a worker ended; another one takes its place");
        tokio::time::sleep(REPLACED_AFTER).await;
    }
}

/// Why a worker ended.
enum End {
    /// Its service, or what it was given, is broken.
    Fault(BoxError),
    /// It has polled in vain for long.
    GaveUp(crate::Error),
    /// Another one has.
    Stopped,
}

/// Serves one invocation after the other.
async fn work<S>(mut service: S, api: Arc<Api>, mut stopped: watch::Receiver<bool>) -> End
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError>,
{
    let mut failed = FailedPolls::default();
    loop {
        let next = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return End::Stopped,
            next = api.next() => next,
        };
        let invocation = match next {
            Ok(Some(invocation)) => invocation,
            Ok(None) => continue,
            Err(error) => {
                let text = error::chain(error.as_ref());
                if !failed.wait(&text).await {
                    return End::GaveUp(crate::Error::msg(text));
                }
                continue;
            }
        };
        failed.over();
        let served = match service.ready().await {
            Ok(service) => service.call(invocation).await,
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            return End::Fault(error);
        }
    }
}

struct Api {
    client: PooledClient,
    config: Arc<Config>,
}

impl Api {
    /// The next invocation; `None` when there is none. An event that was taken and cannot be read is answered at once,
    /// because its caller waits.
    async fn next(&self) -> Result<Option<LambdaInvocation>, BoxError> {
        let request = Request::get("/2018-06-01/runtime/invocation/next").body(Body::empty())?;
        let (parts, body) = self.client.call(request).await?.into_parts();
        if parts.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        if !parts.status.is_success() {
            return Err(format!("the Runtime API answered {}", parts.status).into());
        }
        let id = parts.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let id = id.ok_or("the Runtime API sent an event without its request id")?.to_owned();
        // The context's own reading of it would panic.
        let has_deadline =
            parts.headers.get(DEADLINE).and_then(|at| at.to_str().ok()?.parse::<u64>().ok()).is_some();
        let context = match has_deadline {
            true => Context::new(&id, self.config.clone(), &parts.headers),
            false => Err("it has no deadline".into()),
        };
        let read = match (context, body.collect().await) {
            (Ok(context), Ok(body)) => Ok((context, body.to_bytes())),
            (Err(error), _) => Err(error),
            (_, Err(error)) => Err(error.into()),
        };
        match read {
            Ok((context, body)) => Ok(Some(LambdaInvocation { parts, body, context })),
            Err(error) => {
                let message =
                    format!("the context of the event cannot be read: {}", error::chain(error.as_ref()));
                tracing::error!(request_id = id, error = message, "invocation failed");
                self.refuse(&id, &message).await?;
                Ok(None)
            }
        }
    }

    async fn refuse(&self, id: &str, message: &str) -> Result<(), BoxError> {
        let body = json!({"errorType": "EVENT_NOT_VALID", "errorMessage": message});
        let request = Request::post(format!("/2018-06-01/runtime/invocation/{id}/error"))
            .header("lambda-runtime-function-error-type", "EVENT_NOT_VALID")
            .body(Body::from(body.to_string()))?;
        self.client.call(request).await.map(drop)
    }
}
