//! A connection that is open, while `after_connect` prepares it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use super::{Init, Resource};

/// Connections that were opened and could not be prepared: what is left to do for them is their cleanup, which has a bound
/// of its own. Whoever opens them does it; without anybody, a task for each.
#[derive(Clone, Default)]
pub(super) struct Unprepared(Arc<Left>);

#[derive(Default)]
struct Left(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Unprepared {
    fn add(&self, cleanup: impl Future<Output = ()> + Send + 'static) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(cleanup));
    }

    pub(super) fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut self.0.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        let left = std::mem::take(self.0.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Ok(runtime) = Handle::try_current() {
            left.into_iter().for_each(|cleanup| drop(runtime.spawn(cleanup)));
        }
    }
}

impl fmt::Debug for Unprepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unprepared")
    }
}

/// A connection that is being prepared. It is cleaned up unless that is done: also when `after_connect` panics, or does
/// not end in time.
#[doc(hidden)]
pub struct Preparing<'a, R: Resource> {
    /// `None` at the end only.
    opened: Option<R>,
    init: &'a Init,
}

/// Why there is a connection.
const HELD: &str = "a connection is there until it is prepared";

#[allow(clippy::expect_used)] // see HELD
impl<'a, R: Resource> Preparing<'a, R> {
    /// For a connection that is open.
    pub fn new(opened: R, init: &'a Init) -> Self {
        Self { opened: Some(opened), init }
    }

    /// What `after_connect` works on.
    pub fn opened(&mut self) -> &mut R {
        self.opened.as_mut().expect(HELD)
    }

    /// It is prepared.
    pub fn done(mut self) -> R {
        self.opened.take().expect(HELD)
    }
}

impl<R: Resource> Drop for Preparing<'_, R> {
    fn drop(&mut self) {
        if let Some(opened) = self.opened.take() {
            self.init.unprepared.add(opened.cleanup());
        }
    }
}
