//! One run of a check: polled apart, and dropped so that nothing of it is used again.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::health::Health;
use crate::layer::{caught_text, discard};

/// A check on its way: its health, or the text of its panic.
///
/// A check that does not reach its end is dropped as a handler at its deadline is: a connection that it holds is closed
/// instead of lent again, because a call may be half-way through. A panic in that drop ends here.
pub(super) struct Attempt {
    /// `None` after the end.
    check: Option<BoxFuture<'static, Health>>,
}

impl Attempt {
    pub(super) fn new(check: BoxFuture<'static, Health>) -> Self {
        Self { check: Some(check) }
    }

    /// Gives it up. What it drops may block as well as what it polls.
    pub(super) fn abandon(mut self) {
        apart(|| discard(self.check.take()));
    }
}

impl Future for Attempt {
    type Output = Result<Health, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(check) = &mut self.check else { return Poll::Pending };
        match apart(|| catch_unwind(AssertUnwindSafe(|| check.as_mut().poll(cx)))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(health)) => {
                self.check = None;
                Poll::Ready(Ok(health))
            }
            Err(payload) => {
                discard(self.check.take());
                Poll::Ready(Err(caught_text(payload)))
            }
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        discard(self.check.take());
    }
}

/// Runs what may block its thread. A worker of a multi-thread runtime has the task that comes next in a slot that no other
/// worker can take it from, so it hands everything over before.
fn apart<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
