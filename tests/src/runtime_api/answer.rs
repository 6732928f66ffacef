use std::fmt;

use bytes::Bytes;
use serde_json::Value;

/// What the caller of a function gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The function's response, as it wrote it.
    Response(Bytes),
    /// The function reported a failure, or its response was refused.
    Error {
        /// What callers decide by.
        error_type: String,
        /// What people read.
        error_message: String,
    },
    /// The deadline passed without an answer.
    TimedOut,
    /// The process ended without an answer.
    Crashed,
}

impl Answer {
    /// The response as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        match self {
            Self::Response(body) => match serde_json::from_slice(body) {
                Ok(json) => json,
                Err(error) => panic!("{error} in the response `{}`", body.escape_ascii()),
            },
            other => panic!("not a response: {other:?}"),
        }
    }

    /// The type of a failure, if it is one.
    pub fn error_type(&self) -> Option<&str> {
        match self {
            Self::Error { error_type, .. } => Some(error_type),
            _ => None,
        }
    }

    /// The text of a failure, if it is one.
    pub fn error_message(&self) -> Option<&str> {
        match self {
            Self::Error { error_message, .. } => Some(error_message),
            _ => None,
        }
    }
}

/// Why an event reached nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvokeError {
    /// The function's process has ended; on AWS another one would be started.
    Ended,
    /// Nobody asked for it within [`SOON`](crate::deadline::SOON).
    NotTaken,
}

impl fmt::Display for InvokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "the function's process has ended",
            Self::NotTaken => "the function did not ask for the event in time",
        })
    }
}

impl std::error::Error for InvokeError {}
