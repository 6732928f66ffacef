//! One run of a check: polled apart, and dropped so that nothing of it is used again.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::health::Health;
use crate::layer::Caught;
use crate::telemetry::Panicked;

/// A check on its way.
pub(super) struct Attempt(Caught<'static, Health>);

impl Attempt {
    pub(super) fn new(check: BoxFuture<'static, Health>) -> Self {
        Self(Caught::new(check))
    }

    /// Gives it up. What it drops may block as well as what it polls.
    pub(super) fn abandon(self) {
        apart(|| drop(self));
    }
}

impl Future for Attempt {
    type Output = Result<Health, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        apart(|| Pin::new(&mut self.0).poll(cx))
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
