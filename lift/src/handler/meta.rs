use std::time::Duration;

use crate::event::RecordKind;

/// What calls a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// An HTTP request.
    Http {
        /// The method in capitals.
        method: &'static str,
        /// The path as it is written, such as `/orders/{id}`.
        path: &'static str,
        /// The names of its parameters, in order.
        params: &'static [&'static str],
    },
    /// A direct invoke: JSON in, JSON out.
    Invoke {
        /// The logical name.
        name: &'static str,
    },
    /// Records of a queue, a topic, a bucket, a stream, a table or a schedule.
    Records {
        /// Which of them.
        kind: RecordKind,
        /// The logical name.
        name: &'static str,
    },
    /// Events of an EventBridge bus.
    EventBridge {
        /// Their `source`, unless any will do.
        source: Option<&'static str>,
        /// Their `detail-type`, unless any will do.
        detail_type: Option<&'static str>,
    },
    /// Messages of a WebSocket API.
    WebSocket {
        /// `$connect`, `$disconnect`, `$default`, or one of the API's own.
        route_key: &'static str,
    },
    /// Any other event, told by what it holds: JSON in, JSON out.
    Event {
        /// The logical name.
        name: &'static str,
        /// Places in the event by JSON Pointer (RFC 6901), and the text that stands there, unless any will do.
        matches: &'static [(&'static str, Option<&'static str>)],
    },
}

/// What `#[lift::handler]` has read: constants, checked at compile time.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HandlerMeta {
    /// The function's name.
    pub name: &'static str,
    /// The module it is in.
    pub module: &'static str,
    /// The file it is written in.
    pub file: &'static str,
    /// The line it is written on.
    pub line: u32,
    /// What calls it.
    pub trigger: Trigger,
    /// Its own time limit.
    pub timeout: Option<Duration>,
    /// Whether it is dropped when its client goes away.
    pub cancel_on_disconnect: bool,
    /// How many records of one batch it takes at the same time.
    pub concurrency: usize,
    /// Whether its event source reads which records have failed (`ReportBatchItemFailures`).
    pub partial: bool,
    /// Whether a record whose failure is permanent counts as done.
    pub drop_permanent: bool,
    /// FNV-1a of `shape`.
    pub(super) hash: u64,
    /// The trigger with parameters made anonymous: two handlers of one shape cannot be told apart.
    pub(super) shape: &'static str,
}

impl HandlerMeta {
    /// A handler. Generated code calls this with what it has checked.
    #[must_use]
    pub const fn new(
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        trigger: Trigger,
        hash: u64,
        shape: &'static str,
    ) -> Self {
        Self {
            name,
            module,
            file,
            line,
            trigger,
            timeout: None,
            cancel_on_disconnect: false,
            concurrency: 1,
            partial: false,
            drop_permanent: false,
            hash,
            shape,
        }
    }

    /// Sets its own time limit.
    #[must_use]
    pub const fn timeout_ms(mut self, milliseconds: u64) -> Self {
        self.timeout = Some(Duration::from_millis(milliseconds));
        self
    }

    /// Lets it be dropped when its client goes away.
    #[must_use]
    pub const fn cancel_on_disconnect(mut self) -> Self {
        self.cancel_on_disconnect = true;
        self
    }

    /// Takes so many records of one batch at the same time.
    #[must_use]
    pub const fn concurrency(mut self, records: usize) -> Self {
        self.concurrency = records;
        self
    }

    /// Says that its event source reads which records have failed.
    #[must_use]
    pub const fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Lets a record whose failure is permanent count as done.
    #[must_use]
    pub const fn drop_permanent(mut self) -> Self {
        self.drop_permanent = true;
        self
    }
}
