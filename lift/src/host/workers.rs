//! The workers that poll Lambda for invocations: one on a classic function, on managed instances as many as Lambda says.
//!
//! `lambda_runtime` polls, too, but an event whose headers it cannot read ends its loop, one of several workers that ends
//! is gone for good, and one that cannot reach Lambda tries again without a pause. Everything else of an invocation stays
//! its business.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::LambdaInvocation;
use lambda_runtime_api_client::BoxError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use super::polls::FailedPolls;
use crate::error;
use crate::telemetry::Panicked;

/// A worker that ends at once, again and again, must not spin.
const REPLACED_AFTER: Duration = Duration::from_millis(50);

/// How long a poll goes on after the stop: an event that is on its way has been taken, and nobody else will serve it.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

/// Where invocations come from.
pub(super) trait Source: Send + Sync + 'static {
    /// The next one; `None` when there was nothing to serve.
    fn next(&self) -> impl Future<Output = Result<Option<LambdaInvocation>, BoxError>> + Send;
}

/// Polls until it is stopped, or as long as Lambda answers. A worker that ends is replaced. When one has polled in vain
/// for long, no worker polls any more. Either way, what is being served is served to its end.
pub(super) async fn run<S>(
    service: S,
    workers: usize,
    source: Arc<impl Source>,
    stop: CancellationToken,
) -> crate::Result<()>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut running = JoinSet::new();
    let mut given_up = Ok(());
    loop {
        while !stop.is_cancelled() && running.len() < workers {
            running.spawn(work(service.clone(), source.clone(), stop.clone()));
        }
        let ended = match running.join_next().await {
            None => return given_up,
            Some(Ok(End::Stopped)) => continue,
            Some(Ok(End::GaveUp(error))) => {
                stop.cancel();
                given_up = Err(error);
                continue;
            }
            Some(Ok(End::Fault(fault))) => error::chain(fault.as_ref()),
            Some(Err(ended)) => match ended.try_into_panic() {
                Ok(payload) => format!("it panicked: {}", Panicked::told(payload).text),
                Err(ended) => ended.to_string(),
            },
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
    /// There are to be no more polls.
    Stopped,
}

/// Serves one invocation after the other.
async fn work<S>(mut service: S, source: Arc<impl Source>, stop: CancellationToken) -> End
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError>,
{
    let mut failed = FailedPolls::default();
    while !stop.is_cancelled() {
        let next = tokio::select! {
            biased;
            next = source.next() => next,
            () = async { stop.cancelled().await; tokio::time::sleep(ON_ITS_WAY).await } => return End::Stopped,
        };
        let invocation = match next {
            Ok(Some(invocation)) => invocation,
            Ok(None) => continue,
            Err(error) => {
                let text = error::chain(error.as_ref());
                let again = tokio::select! {
                    again = failed.wait(&text) => again,
                    () = stop.cancelled() => return End::Stopped,
                };
                if !again {
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
    End::Stopped
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use lambda_runtime::Context;
    use tokio::sync::Semaphore;

    use super::*;

    /// Gives so many invocations, each with its number as the body; fails from then on, or waits.
    struct Numbers {
        left: Mutex<VecDeque<usize>>,
        polls: AtomicUsize,
        fails: bool,
    }

    impl Numbers {
        fn up_to(end: usize, fails: bool) -> Arc<Self> {
            Arc::new(Self { left: Mutex::new((0..end).collect()), polls: AtomicUsize::new(0), fails })
        }
    }

    impl Source for Numbers {
        async fn next(&self) -> Result<Option<LambdaInvocation>, BoxError> {
            self.polls.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            let number = self.left.lock().unwrap().pop_front();
            match number {
                Some(number) => {
                    let (parts, ()) = http::Response::new(()).into_parts();
                    let body = number.to_string().into();
                    Ok(Some(LambdaInvocation { parts, body, context: Context::default() }))
                }
                None if self.fails => Err("nobody is there".into()),
                None => std::future::pending().await,
            }
        }
    }

    fn number(invocation: &LambdaInvocation) -> usize {
        std::str::from_utf8(&invocation.body).unwrap().parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn workers_that_end_are_replaced_until_polling_fails_for_long_and_what_is_served_ends_well() {
        const EVENTS: usize = 30;
        let served = Arc::new(Mutex::new(Vec::new()));
        let service = tower::service_fn({
            let served = served.clone();
            move |invocation: LambdaInvocation| {
                let (number, served) = (number(&invocation), served.clone());
                async move {
                    match number {
                        // The others have given up long before.
                        0 => tokio::time::sleep(Duration::from_secs(600)).await,
                        _ if number % 6 == 2 => return Err(BoxError::from("broken")),
                        _ if number % 6 == 5 => std::panic::resume_unwind(Box::new("boom")),
                        _ => {}
                    }
                    served.lock().unwrap().push(number);
                    Ok(())
                }
            }
        });
        let given_up = run(service, 3, Numbers::up_to(EVENTS, true), CancellationToken::new()).await;
        assert_eq!(given_up.unwrap_err().to_string(), "nobody is there");
        let mut served = std::mem::take(&mut *served.lock().unwrap());
        assert_eq!(served.last(), Some(&0));
        served.sort_unstable();
        assert_eq!(served, (0..EVENTS).filter(|number| number % 3 != 2).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_in_flight_when_polling_stops_ends_well_and_nothing_else_begins() {
        let (begun, finish) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let served = Arc::new(AtomicUsize::new(0));
        let service = tower::service_fn({
            let (begun, finish, served) = (begun.clone(), finish.clone(), served.clone());
            move |_: LambdaInvocation| {
                let (begun, finish, served) = (begun.clone(), finish.clone(), served.clone());
                async move {
                    begun.add_permits(1);
                    finish.acquire().await?.forget();
                    served.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                }
            }
        });
        let (source, stop) = (Numbers::up_to(10, false), CancellationToken::new());
        let running = tokio::spawn(run(service, 4, source.clone(), stop.clone()));
        begun.acquire_many(4).await.unwrap().forget();
        stop.cancel();
        finish.add_permits(10);
        running.await.unwrap().unwrap();
        assert_eq!((served.load(Ordering::SeqCst), source.polls.load(Ordering::SeqCst)), (4, 4));
    }

    /// It waits for a poll that is never answered, or before it tries again.
    #[tokio::test(start_paused = true)]
    async fn a_worker_that_waits_stops_soon() {
        for fails in [false, true] {
            let service = tower::service_fn(async |_: LambdaInvocation| Ok(()));
            let (source, stop) = (Numbers::up_to(0, fails), CancellationToken::new());
            let running = tokio::spawn(run(service, 1, source.clone(), stop.clone()));
            // By then there are long waits between polls that fail.
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert!(source.polls.load(Ordering::SeqCst) > 0);
            let begun = tokio::time::Instant::now();
            stop.cancel();
            running.await.unwrap().unwrap();
            assert!(begun.elapsed() <= ON_ITS_WAY, "{:?}", begun.elapsed());
        }
    }

    struct Late(Semaphore);

    impl Source for Late {
        async fn next(&self) -> Result<Option<LambdaInvocation>, BoxError> {
            self.0.acquire().await?.forget();
            tokio::time::sleep(ON_ITS_WAY / 2).await;
            let (parts, ()) = http::Response::new(()).into_parts();
            Ok(Some(LambdaInvocation { parts, body: "1".into(), context: Context::default() }))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_is_on_its_way_when_polling_stops_is_served() {
        let served = Arc::new(AtomicUsize::new(0));
        let service = tower::service_fn({
            let served = served.clone();
            move |invocation: LambdaInvocation| {
                served.fetch_add(number(&invocation), Ordering::SeqCst);
                std::future::ready(Ok(()))
            }
        });
        let (source, stop) = (Arc::new(Late(Semaphore::new(1))), CancellationToken::new());
        let running = tokio::spawn(run(service, 1, source, stop.clone()));
        tokio::time::sleep(Duration::from_millis(1)).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        assert_eq!(served.load(Ordering::SeqCst), 1);
    }
}
