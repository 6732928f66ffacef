/// One thing that happened between the double and the function, for counting and for reading after a failure.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// The function asked for an event.
    Next,
    /// A poll was answered with a fault.
    PollFailed,
    /// An event was handed over.
    Delivered {
        /// Its invocation.
        request_id: String,
    },
    /// The function sent a response.
    Response {
        /// Its invocation.
        request_id: String,
        /// The size of the body.
        bytes: usize,
    },
    /// The function reported a failure.
    Error {
        /// Its invocation.
        request_id: String,
        /// The body's `errorType`.
        error_type: String,
    },
    /// The deadline of an invocation passed.
    TimedOut {
        /// The invocation.
        request_id: String,
    },
    /// The function could not start.
    InitError {
        /// The body's `errorType`.
        error_type: String,
        /// The body's `errorMessage`.
        error_message: String,
    },
    /// The function is ready for the snapshot.
    RestoreNext,
    /// The snapshot was restored.
    Restored,
    /// The function could not come back after the snapshot.
    RestoreError {
        /// The body's `errorType`.
        error_type: String,
        /// The body's `errorMessage`.
        error_message: String,
    },
    /// An extension was registered.
    ExtensionRegistered {
        /// Its name.
        name: String,
        /// The events it wants.
        events: Vec<String>,
    },
    /// An extension asked for its next event.
    ExtensionNext {
        /// Its name.
        name: String,
    },
    /// An extension reported a failure.
    ExtensionError {
        /// Its name.
        name: String,
        /// The header `Lambda-Extension-Function-Error-Type`.
        error_type: String,
    },
    /// The process was stopped between two invocations.
    Frozen,
    /// The process goes on.
    Thawed,
    /// The process got SIGTERM.
    Terminated,
    /// The process got SIGKILL.
    Killed,
    /// The process ended.
    Ended,
    /// A request was refused, in these words.
    Refused(String),
}
