//! AWS Lambda, over `lambda_runtime`.
//!
//! The runtime polls, catches panics and posts answers; the raw bytes of an event go past its deserializer.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_runtime::{
    Diagnostic, FunctionResponse, LambdaEvent, LambdaInvocation, Runtime, SnapStartResource,
};
use serde_json::value::RawValue;
use tower_layer::layer_fn;

use super::polls::FailedPolls;
use super::stream::{self, Chunks};
use super::{Signals, extension, start_error, workers};
use crate::app::{Arrival, EventAnswer, Service};
use crate::clock::Deadline;
use crate::config::Sources;
use crate::error::{self, Failure};
use crate::layer::panic_text;
use crate::resource::Warm;
use crate::{App, Error};

/// Kept back from Lambda's deadline for writing the answer.
const MARGIN: Duration = Duration::from_millis(100);

/// The time for closing resources after SIGTERM.
const CLOSING: Duration = Duration::from_millis(300);

/// All of the opening at a cold start, which Lambda bounds by 10 s.
const WARMING: Duration = Duration::from_secs(8);

thread_local! {
    /// The bytes of the event that is being handed to the handler. They are put here and taken out within one
    /// synchronous call, so no other invocation can see them.
    static EVENT: RefCell<Option<Bytes>> = const { RefCell::new(None) };
}

pub(super) async fn run(app: App, sources: &Sources) -> crate::Result<()> {
    let mut signals = Signals::watch();
    let (service, streams) = match start(app, sources).await {
        Ok(started) => started,
        Err(error) => {
            start_error::report(&error).await;
            return Err(error);
        }
    };
    let ended = tokio::select! {
        ended = serve(&service, streams) => ended,
        signal = signals.next() => {
            tracing::info!(signal, "shutting down");
            Ok(())
        }
    };
    if tokio::time::timeout(CLOSING, service.close()).await.is_err() {
        tracing::warn!("closing took too long; resources are left as they are");
    }
    ended
}

/// Everything before the first event; and whether answers to a function URL are passed on bit by bit.
async fn start(app: App, sources: &Sources) -> crate::Result<(Arc<Service>, bool)> {
    for name in ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"]
    {
        if std::env::var_os(name).is_none() {
            let help = "Lambda sets it; unset AWS_LAMBDA_RUNTIME_API to run as an HTTP server";
            return Err(Error::msg(format!(
                "AWS_LAMBDA_RUNTIME_API is set, but {name} is not\nhelp: {help}"
            )));
        }
    }
    let (service, settings) = app.build(sources)?;
    if tokio::time::timeout(WARMING, service.warm()).await.is_err() {
        tracing::warn!("not every resource could be opened in time; the first use tries again");
    }
    service.start(settings.lambda_on_start).await?;
    if !service.resources.managed().is_empty() {
        extension::register().await;
    }
    for triggered in service.triggers.iter().filter(|triggered| triggered.meta.partial) {
        let (kind, name) = triggered.describe();
        let handler = triggered.meta.name;
        tracing::info!(handler, kind, name, "partial: the event source needs ReportBatchItemFailures");
    }
    tracing::info!(service = service.name, serves = service.serves(), "ready for invocations");
    Ok((service, settings.lambda_stream))
}

/// Polls for events for as long as Lambda answers. After a poll that failed it waits and begins again, because the
/// sandbox and its connections are worth more than the one poll; when nothing comes any more, it gives up.
async fn serve(service: &Arc<Service>, streams: bool) -> crate::Result<()> {
    let (mut failed, served) = (FailedPolls::default(), Arc::new(AtomicBool::new(false)));
    loop {
        let handler = tower::service_fn({
            let (service, served) = (service.clone(), served.clone());
            move |event: LambdaEvent<()>| {
                served.store(true, Ordering::Relaxed);
                let bytes = EVENT.take().unwrap_or_default();
                let service = service.clone();
                async move { handle(&service, bytes, &event.context, streams).await }
            }
        });
        let past_deserializer = RefCell::new(None);
        let runtime = Runtime::new(handler)
            .layer(layer_fn(|inner| {
                let service = PastDeserializer { inner };
                past_deserializer.replace(Some(service.clone()));
                service
            }))
            .register_snapstart_resource(Arc::new(Snapshot { service: service.clone() }));
        let concurrency = workers::concurrency();
        if let (2.., Some(service)) = (concurrency, past_deserializer.take()) {
            return workers::run(service, concurrency).await;
        }
        // The runtime panics at an answer without the headers that Lambda promises.
        let error: lambda_runtime::Error = match AssertUnwindSafe(runtime.run()).catch_unwind().await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(panic) => panic_text(&*panic).into(),
        };
        let text = error::chain(error.as_ref());
        if error.is::<serde_json::Error>() {
            // It came with an event that nobody can answer any more: the end of the process is the answer.
            tracing::error!(error = text, "the context of an event cannot be read");
            return Err(Error::msg(format!("the context of an event cannot be read: {text}")));
        }
        if served.swap(false, Ordering::Relaxed) {
            failed.over();
        }
        // A restored snapshot cannot be restored again.
        let snapshot = std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").is_ok_and(|kind| kind == "snap-start");
        if snapshot || !failed.wait(&text).await {
            return Err(Error::msg(text));
        }
    }
}

/// Nothing open survives a snapshot: another machine wakes up with it.
struct Snapshot {
    service: Arc<Service>,
}

impl SnapStartResource for Snapshot {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), lambda_runtime::Error>> {
        Box::pin(async {
            for resource in self.service.resources.managed().iter().rev() {
                resource.empty().await;
            }
            Ok(())
        })
    }

    /// Opens again what was opened at start. Only a resource that is required makes the restore fail.
    fn after_restore(&self) -> BoxFuture<'_, Result<(), lambda_runtime::Error>> {
        Box::pin(async {
            for resource in self.service.resources.managed() {
                let name = resource.spec().name;
                match resource.start().await {
                    Err(error) if resource.warm() == Warm::Required => {
                        return Err(format!("resource `{name}`: {}", error::chain(error.as_ref())).into());
                    }
                    Err(error) => {
                        tracing::warn!(
                            resource = name,
                            error = error::chain(error.as_ref()),
                            "cannot be opened yet"
                        );
                    }
                    Ok(()) => {}
                }
            }
            Ok(())
        })
    }
}

/// Hands the raw bytes of an event past the runtime's deserializer, which reads `null` instead.
#[derive(Clone)]
struct PastDeserializer<S> {
    inner: S,
}

impl<S: tower_service::Service<LambdaInvocation>> tower_service::Service<LambdaInvocation>
    for PastDeserializer<S>
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let bytes = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        EVENT.set(Some(bytes));
        let future = self.inner.call(invocation);
        EVENT.take();
        future
    }
}

async fn handle(
    service: &Arc<Service>,
    event: Bytes,
    context: &lambda_runtime::Context,
    streams: bool,
) -> Result<FunctionResponse<Box<RawValue>, Chunks>, Diagnostic> {
    // Nothing runs between invocations, so idle connections are looked after now; it never waits.
    service.resources.maintain();
    let arrival = Arrival {
        request_id: context.request_id.as_str().into(),
        deadline: deadline(context.deadline(), SystemTime::now()),
        function: Some(&context.env_config.function_name),
        streams,
    };
    match service.event(event, &arrival).await {
        Ok(EventAnswer::Stream(response)) => {
            Ok(FunctionResponse::StreamingResponse(stream::answer(*response, &arrival.request_id)))
        }
        Ok(EventAnswer::Json(json)) => Ok(FunctionResponse::BufferedResponse(json)),
        Err(failure) => Err(diagnostic(&failure)),
    }
}

/// What Lambda's caller sees of a failure: a stable code and a public text.
fn diagnostic(failure: &Failure) -> Diagnostic {
    Diagnostic { error_type: failure.code().to_owned(), error_message: failure.message().to_owned() }
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
    use super::*;

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
