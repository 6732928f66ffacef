use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::task::TaskTracker;

use crate::clock::Moment;
use crate::resource::Resource;

/// Closes connections off everybody's path, and is awaited at shutdown.
#[derive(Default)]
pub(super) struct Closer {
    cleanups: TaskTracker,
    closed: AtomicUsize,
}

impl Closer {
    fn close<R: Resource>(&self, resource: R) {
        self.closed.fetch_add(1, Ordering::Relaxed);
        // Without a runtime the process is ending and only `Drop` is left.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.cleanups.spawn_on(resource.cleanup(), &runtime);
        }
    }

    /// Connections that have left the pool.
    pub(super) fn closed(&self) -> usize {
        self.closed.load(Ordering::Relaxed)
    }

    /// Waits until every cleanup has run.
    pub(super) async fn finished(&self) {
        self.cleanups.close();
        self.cleanups.wait().await;
        self.cleanups.reopen();
    }
}

/// One connection in the pool. However it leaves, its cleanup runs.
pub(super) struct Connection<R: Resource> {
    resource: Option<R>,
    pub(super) created: Moment,
    pub(super) idle_since: Moment,
    closer: Arc<Closer>,
}

impl<R: Resource> Connection<R> {
    pub(super) fn new(resource: R, now: Moment, closer: Arc<Closer>) -> Self {
        Self { resource: Some(resource), created: now, idle_since: now, closer }
    }

    /// The resource is there until the connection is dropped; `None` is never seen from outside.
    pub(super) fn get(&self) -> Option<&R> {
        self.resource.as_ref()
    }

    pub(super) fn get_mut(&mut self) -> Option<&mut R> {
        self.resource.as_mut()
    }

    pub(super) fn is_valid(&self) -> bool {
        self.resource.as_ref().is_some_and(R::is_valid)
    }
}

impl<R: Resource> Drop for Connection<R> {
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            self.closer.close(resource);
        }
    }
}
