//! AWS Lambda, over `lambda_runtime`.
//!
//! Lift's workers poll; the runtime posts the answers and restores snapshots; the raw bytes of an event go past its
//! deserializer, and past all of it the answers that leave bit by bit.

use std::cell::RefCell;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either};
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation, Runtime, SnapStartResource};
use lambda_runtime_api_client::BoxError;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower_layer::layer_fn;

use super::runtime_api::RuntimeApi;
use super::{Signals, extension, function_env, start_error, stream, workers};
use crate::app::{AppSettings, Arrival, EventAnswer, Service, Starting};
use crate::clock::Deadline;
use crate::config::Sources;
use crate::config::lambda::{concurrency, is_managed};
use crate::error::{self, Failure};
use crate::telemetry::caught;
use crate::{App, Error};

/// Kept back from Lambda's deadline for writing the answer.
const MARGIN: Duration = Duration::from_millis(100);

/// The time for closing resources after SIGTERM.
const CLOSING: Duration = Duration::from_millis(300);

/// What is left of the grace for it on managed instances, after the invocations.
const LEFT_FOR_CLOSING: Duration = Duration::from_secs(2);

/// All of the opening at a cold start or at a restore, which Lambda bounds by 10 s.
const WARMING: Duration = Duration::from_secs(8);

thread_local! {
    /// What is being handed to the handler. It is put here and taken out within one synchronous call, so no other
    /// invocation can see it.
    static HANDED: RefCell<Option<Handed>> = const { RefCell::new(None) };
}

/// What the handler is handed past the runtime's deserializer.
enum Handed {
    /// The bytes of an event.
    Event(Bytes),
    /// The answer to it, where it might have been one that the runtime cannot post.
    Answer(Result<EventAnswer, Failure>),
}

pub(super) async fn run(app: App, sources: &Sources) -> crate::Result<()> {
    // Without these there is nobody to report anything to.
    function_env::check()?;
    let mut signals = Signals::watch();
    let (service, settings) = match start(app, sources).await {
        Ok(started) => started,
        Err(error) => {
            start_error::report(&error).await;
            return Err(error);
        }
    };
    let (ended, closing) = serve_until_signal(&service, &settings, &mut signals).await;
    let deadline = tokio::time::Instant::now() + closing;
    if tokio::time::timeout_at(deadline, service.close(Some(deadline))).await.is_err() {
        tracing::warn!("closing took too long; resources are left as they are");
    }
    ended
}

/// Serves until a signal comes, then what is in flight on managed instances; and how long closing may take afterwards.
async fn serve_until_signal(
    service: &Arc<Service>,
    settings: &AppSettings,
    signals: &mut Signals,
) -> (crate::Result<()>, Duration) {
    let stop = CancellationToken::new();
    let mut serving = pin!(serve(service, settings.lambda_stream, stop.clone()));
    let signal = tokio::select! {
        ended = &mut serving => return (ended, CLOSING),
        signal = signals.next() => signal,
    };
    tracing::info!(signal, "shutting down");
    service.lifecycle().draining();
    stop.cancel();
    // On a classic function it comes when there is none.
    if !is_managed() {
        return (Ok(()), CLOSING);
    }
    let closing = LEFT_FOR_CLOSING.min(settings.shutdown_grace / 4);
    let grace = settings.shutdown_grace.saturating_sub(closing);
    tokio::select! {
        ended = tokio::time::timeout(grace, serving) => if ended.is_err() {
            tracing::error!("the grace is over; invocations are cut off");
        },
        signal = signals.next() => tracing::warn!(signal, "second signal: invocations are cut off"),
    }
    (Ok(()), closing)
}

/// Everything before the first event.
async fn start(app: App, sources: &Sources) -> crate::Result<(Arc<Service>, AppSettings)> {
    let (service, settings) = app.build(sources)?;
    settings.apply();
    let functions = settings.lambda_on_start.then_some(Duration::ZERO);
    service.start(Starting { functions, warm: Some(WARMING) }).await?;
    if is_managed() || !service.resources.managed().is_empty() {
        extension::register().await;
    }
    for triggered in service.triggers.iter().filter(|triggered| triggered.meta.partial) {
        let (kind, name) = triggered.describe();
        let handler = triggered.meta.name;
        tracing::info!(handler, kind, name, "partial: the event source needs ReportBatchItemFailures");
    }
    tracing::info!(service = service.name, serves = service.serves(), "ready for invocations");
    Ok((service, settings))
}

/// Serves events until it is told to stop, or for as long as Lambda answers.
async fn serve(service: &Arc<Service>, streams: bool, stop: CancellationToken) -> crate::Result<()> {
    let handler = tower::service_fn({
        let service = service.clone();
        move |event: LambdaEvent<()>| {
            let handed = HANDED.take().unwrap_or_else(|| Handed::Event(Bytes::new()));
            let service = service.clone();
            async move {
                match handed {
                    Handed::Event(bytes) => handle(&service, bytes, &event.context, false).await,
                    Handed::Answer(answer) => answer,
                }
                .map(EventAnswer::into_raw)
                .map_err(Logged)
            }
        }
    });
    let workers = concurrency();
    let api = Arc::new(RuntimeApi::new(workers));
    let streaming = streams.then(|| Arc::new(Streaming { service: service.clone(), api: api.clone() }));
    let served = RefCell::new(None);
    let restored = Arc::new(Notify::new());
    let runtime = Runtime::new(handler)
        .layer(layer_fn(|inner| {
            let service = PastDeserializer { inner, streaming: streaming.clone() };
            served.replace(Some(service.clone()));
            service
        }))
        .register_snapstart_resource(Arc::new(Snapshot { service: service.clone() }))
        .register_snapstart_resource(Arc::new(HandOver(restored.clone())));
    if runtime.is_snapstart() {
        tokio::select! {
            biased;
            () = restored.notified() => {}
            ended = runtime.run() => {
                return ended.map_err(|error| Error::msg(error::chain(error.as_ref())));
            }
        }
    }
    match served.take() {
        Some(service) => workers::run(service, workers, api, stop).await,
        // The layer has been asked for it above.
        None => Ok(()),
    }
}

/// The end of `lambda_runtime`'s part in a restore: before its first poll it waits here until it is dropped, and lift's
/// workers poll instead. It is registered last, so everything else is restored by then.
struct HandOver(Arc<Notify>);

impl SnapStartResource for HandOver {
    fn after_restore(&self) -> BoxFuture<'_, Result<(), lambda_runtime::Error>> {
        self.0.notify_one();
        Box::pin(std::future::pending())
    }
}

/// Nothing open survives a snapshot: another machine wakes up with it.
struct Snapshot {
    service: Arc<Service>,
}

impl SnapStartResource for Snapshot {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), lambda_runtime::Error>> {
        Box::pin(async {
            self.service.suspend().await;
            Ok(())
        })
    }

    /// Only a resource that is required makes the restore fail.
    fn after_restore(&self) -> BoxFuture<'_, Result<(), lambda_runtime::Error>> {
        Box::pin(async { Ok(self.service.restore(WARMING).await?) })
    }
}

/// Hands the raw bytes of an event past the runtime's deserializer, which reads `null` instead.
#[derive(Clone)]
struct PastDeserializer<S> {
    inner: S,
    /// Where answers may leave bit by bit.
    streaming: Option<Arc<Streaming>>,
}

/// Answers events first, and posts those answers that leave bit by bit.
struct Streaming {
    service: Arc<Service>,
    api: Arc<RuntimeApi>,
}

impl<S> tower_service::Service<LambdaInvocation> for PastDeserializer<S>
where
    S: tower_service::Service<LambdaInvocation, Response = (), Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = ();
    type Error = BoxError;
    type Future = Either<S::Future, BoxFuture<'static, Result<(), BoxError>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let bytes = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        let Some(Streaming { service, api }) = self.streaming.as_deref() else {
            return Either::Left(hand(&mut self.inner, invocation, Handed::Event(bytes)));
        };
        let (service, api, mut inner) = (service.clone(), api.clone(), self.inner.clone());
        Either::Right(Box::pin(async move {
            match handle(&service, bytes, &invocation.context, true).await {
                Ok(EventAnswer::Stream(head, body)) => {
                    let (id, headers) = (&invocation.context.request_id, &invocation.parts.headers);
                    api.stream(id, headers, stream::answer(head, body)).await
                }
                answer => hand(&mut inner, invocation, Handed::Answer(answer)).await,
            }
        }))
    }
}

fn hand<S>(inner: &mut S, invocation: LambdaInvocation, handed: Handed) -> S::Future
where
    S: tower_service::Service<LambdaInvocation>,
{
    HANDED.set(Some(handed));
    let future = inner.call(invocation);
    HANDED.take();
    future
}

async fn handle(
    service: &Arc<Service>,
    event: Bytes,
    context: &lambda_runtime::Context,
    streams: bool,
) -> Result<EventAnswer, Failure> {
    // Nothing runs between invocations, so idle connections are looked after now; it never waits.
    let _ = caught(|| service.resources.maintain());
    let arrival = Arrival {
        request_id: context.request_id.as_str().into(),
        deadline: deadline(context.deadline(), SystemTime::now()),
        function: Some(&context.env_config.function_name),
        streams,
    };
    service.event(event, &arrival).await
}

/// A failure on its way to the caller, which has been logged. `lambda_runtime` logs its `Debug` text once more, as an
/// error whatever it is, so there is nothing in it; lift's own log leaves that line out.
struct Logged(Failure);

impl fmt::Debug for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an invocation failed; its own line in the log says why")
    }
}

/// What Lambda's caller sees of it: a stable code and a public text.
impl From<Logged> for Diagnostic {
    fn from(Logged(failure): Logged) -> Self {
        Self { error_type: failure.code().to_owned(), error_message: failure.message().to_owned() }
    }
}

/// Lambda's deadline minus the margin. One that lies more than an hour back is no deadline: emulators send such.
fn deadline(at: SystemTime, now: SystemTime) -> Deadline {
    match at.duration_since(now) {
        Ok(left) => Deadline::after(left.saturating_sub(MARGIN)),
        Err(past) if past.duration() > Duration::from_secs(3600) => Deadline::NONE,
        Err(_) => Deadline::after(Duration::ZERO),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn what_lambda_runtime_logs_of_a_failure_repeats_nothing() {
        let failure = || {
            let failure = Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "CODE_OF_HUNTER2");
            failure.detail("the client sent hunter2").cause("the secret is hunter2")
        };
        let logged = format!("{:?}", Logged(failure())).to_lowercase();
        assert!(!logged.contains("hunter2"), "{logged}");
        let told = Diagnostic::from(Logged(failure()));
        assert_eq!((&*told.error_type, &*told.error_message), ("CODE_OF_HUNTER2", "the client sent hunter2"));
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines_keep_a_margin_and_absurd_ones_are_none() {
        let now = SystemTime::now();
        let left = |at| deadline(at, now).remaining();
        assert_eq!(left(now + Duration::from_secs(3)), Some(Duration::from_millis(2900)));
        assert_eq!(left(now + Duration::from_millis(50)), Some(Duration::ZERO));
        assert_eq!(left(now - Duration::from_secs(1)), Some(Duration::ZERO));
        assert_eq!(left(SystemTime::UNIX_EPOCH + Duration::from_secs(600)), None);
    }
}
