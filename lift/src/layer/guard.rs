//! The end of an invocation that does not end by itself: a panic, a deadline, a body that breaks off.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use axum_core::response::Response;
use futures_util::future::BoxFuture;

use crate::clock::Deadline;
use crate::error::Foreign;
use crate::pool::discard as interruption;
use crate::telemetry::{Panicked, caught, dismiss};

/// Why an invocation has no response of its own, or one that is not whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    /// It panicked.
    #[error("it panicked")]
    Panic(Panicked),
    /// Its time was up, and it was dropped.
    #[error("its time was up")]
    Deadline,
    /// The body of its answer failed by itself.
    #[error("it failed")]
    Broken(#[source] Foreign),
}

/// Runs an invocation to its end, its panic or its deadline, whichever is first.
///
/// When it is dropped before its end, by the deadline or with this future, the connections it holds are closed
/// instead of lent again, because a call may be half-way through.
pub(crate) async fn guard(
    future: BoxFuture<'static, Response>,
    deadline: Deadline,
) -> Result<Response, Stopped> {
    let mut guarded = Guarded { future: Some(future), deadline };
    match deadline.at() {
        None => (&mut guarded).await,
        Some(at) => match tokio::time::timeout_at(at, &mut guarded).await {
            Ok(ended) => ended,
            Err(_) => Err(Stopped::Deadline),
        },
    }
}

struct Guarded {
    /// `None` after the end, so that the drop of an unfinished future can be told from that of a finished one.
    future: Option<BoxFuture<'static, Response>>,
    deadline: Deadline,
}

impl Future for Guarded {
    type Output = Result<Response, Stopped>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let deadline = self.deadline;
        let Some(future) = &mut self.future else { return Poll::Pending };
        match attempt(deadline, || future.as_mut().poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            // What the future still holds is dropped as a part of it.
            Ok(Poll::Ready(response)) => match attempt(deadline, || self.future = None) {
                Ok(()) => Poll::Ready(Ok(response)),
                Err(stopped) => Poll::Ready(Err(stopped)),
            },
            Err(stopped) => {
                discard(self.future.take());
                Poll::Ready(Err(stopped))
            }
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        discard(self.future.take());
    }
}

/// Runs a part of an invocation, under its deadline; a panic ends there.
pub(super) fn attempt<T>(deadline: Deadline, work: impl FnOnce() -> T) -> Result<T, Stopped> {
    caught(|| deadline.enter(work)).map_err(Stopped::Panic)
}

/// Runs what stands around invocations: lift's own code, and subscribers and recorders that are not. Nothing there is
/// meant to panic; what does ends here, for one answer or record alone.
pub(crate) async fn fence<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = pin!(future);
    poll_fn(|cx| match caught(|| future.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// Drops what is not finished, so that its connections are closed; a panic while dropping ends here.
pub(crate) fn discard<T>(unfinished: Option<T>) {
    if let Some(unfinished) = unfinished
        && let Err(payload) = catch_unwind(AssertUnwindSafe(|| interruption::drop_interrupted(unfinished)))
    {
        dismiss(payload);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::time::Duration;

    use super::*;

    /// Tells how it was dropped: 1 in order, 2 interrupted.
    struct Witness(Arc<AtomicU8>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.store(1 + u8::from(interruption::interrupted()), Ordering::SeqCst);
        }
    }

    async fn run<F>(deadline: Deadline, f: impl FnOnce(Witness) -> F) -> (Result<Response, Stopped>, u8)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let seen = Arc::new(AtomicU8::new(0));
        let future = f(Witness(seen.clone()));
        let future = Box::pin(async move {
            future.await;
            Response::default()
        });
        let ended = guard(future, deadline).await;
        (ended, seen.load(Ordering::SeqCst))
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_can_be_read_inside_and_only_there() {
        let seen = Arc::new(std::sync::Mutex::new(None));
        let inside = seen.clone();
        let future = Box::pin(async move {
            tokio::task::yield_now().await;
            *inside.lock().unwrap() = Deadline::current().remaining();
            Response::default()
        });
        guard(future, Deadline::after(Duration::from_secs(3))).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), Some(Duration::from_secs(3)));
        assert_eq!(Deadline::current(), Deadline::NONE);
    }

    #[tokio::test(start_paused = true)]
    async fn only_panics_and_deadlines_interrupt() {
        let soon = || Deadline::after(Duration::from_secs(1));
        let ok = run(soon(), |witness| async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(witness);
        });
        assert!(matches!(ok.await, (Ok(_), 1)));
        let panicked = run(soon(), |witness| async move {
            let _witness = witness;
            std::panic::resume_unwind(Box::new("boom"));
        });
        assert!(matches!(panicked.await, (Err(Stopped::Panic(panicked)), 2) if panicked.text == "boom"));
        let late = run(soon(), |witness| async move {
            let _witness = witness;
            std::future::pending::<()>().await;
        });
        assert!(matches!(late.await, (Err(Stopped::Deadline), 2)));
        let own_timeout = run(soon(), |witness| async move {
            let held = async move {
                let _witness = witness;
                std::future::pending::<()>().await;
            };
            let _ = tokio::time::timeout(Duration::from_millis(5), held).await;
        });
        assert!(matches!(own_timeout.await, (Ok(_), 1)));
    }
}
