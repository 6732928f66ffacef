//! A piece of the user's work that must not take down what it is a piece of.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::guard::discard;
use crate::telemetry::{Panicked, dismiss};

/// A future whose panic ends here.
///
/// When it does not reach its end it is dropped as a handler at its deadline is: a connection that it holds is closed
/// instead of lent again, because a call may be half-way through. A panic in that drop ends here, too.
pub(crate) struct Caught<'a, T> {
    /// `None` after the end.
    future: Option<BoxFuture<'a, T>>,
}

impl<'a, T> Caught<'a, T> {
    pub(crate) fn new(future: BoxFuture<'a, T>) -> Self {
        Self { future: Some(future) }
    }
}

impl<T> Future for Caught<'_, T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => {
                // Its end is in order: what it still holds goes back.
                let done = self.future.take();
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(done))) {
                    dismiss(payload);
                }
                Poll::Ready(Ok(value))
            }
            Err(payload) => {
                discard(self.future.take());
                Poll::Ready(Err(Panicked::told(payload)))
            }
        }
    }
}

impl<T> Drop for Caught<'_, T> {
    fn drop(&mut self) {
        discard(self.future.take());
    }
}
