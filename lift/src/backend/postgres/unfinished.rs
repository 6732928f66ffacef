use std::sync::atomic::{AtomicUsize, Ordering};

/// Work whose future was not polled to its end stays counted, also when nothing of it has been sent yet.
#[derive(Default)]
pub(super) struct Unfinished(AtomicUsize);

impl Unfinished {
    pub(super) fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    pub(super) async fn count<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.fetch_add(1, Ordering::Relaxed);
        let done = work.await;
        self.0.fetch_sub(1, Ordering::Relaxed);
        done
    }
}
