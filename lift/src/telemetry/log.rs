//! What a test finds of logs and metrics.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use serde_json::Value;

thread_local! {
    /// Where this thread's log goes.
    static CURRENT: RefCell<Log> = RefCell::default();
}

/// The log at every level, as JSON, and every count of a metric.
#[derive(Clone, Default)]
pub(crate) struct Log {
    written: Arc<Mutex<Vec<u8>>>,
    counted: Arc<Mutex<Vec<String>>>,
}

impl Log {
    /// Runs `work` on this thread; what it gives, and the counts as `name{label=value,…}`.
    pub(crate) fn of<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        // One subscriber for all threads: what a thread without one of its own logs first, stays unlogged elsewhere.
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            tracing_subscriber::fmt()
                .json()
                .flatten_event(true)
                .with_max_level(tracing::Level::TRACE)
                .with_writer(|| CURRENT.with_borrow(Self::clone))
                .init();
        });
        let before = CURRENT.replace(self.clone());
        let done = metrics::with_local_recorder(self, work);
        CURRENT.set(before);
        (done, self.counted.lock().unwrap().clone())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Forgets what was logged.
    pub(crate) fn clear(&self) {
        self.written.lock().unwrap().clear();
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Count(String, Log);

impl metrics::CounterFn for Count {
    fn increment(&self, by: u64) {
        for _ in 0..by {
            self.1.counted.lock().unwrap().push(self.0.clone());
        }
    }

    fn absolute(&self, _: u64) {}
}

impl metrics::Recorder for Log {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Counter::from_arc(Arc::new(Count(name, self.clone())))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
