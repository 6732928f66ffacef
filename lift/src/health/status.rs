use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Cause, masked, masked_beginning};

/// The most of a message that is kept, in bytes.
const MESSAGE: usize = 1024;

/// The most of the details that is kept, in bytes of JSON.
const DETAILS: usize = 4096;

/// How a component is doing, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It works.
    Healthy,
    /// It works with less than it should have.
    Degraded,
    /// Nobody knows; never counted as healthy.
    Unknown,
    /// It does not work.
    Unhealthy,
}

impl Status {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// The exit status of a program that tells it: 0, 1 when degraded, else 2.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Degraded => 1,
            Self::Unknown | Self::Unhealthy => 2,
        }
    }

    /// Whether a probe answers 200: healthy or degraded.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Healthy | Self::Degraded)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Health {
    /// How it is doing.
    pub status: Status,
    /// Why, for people who may see details; at most 1 KB of it is kept.
    pub message: Option<String>,
    /// Numbers and names beside it, for the same people; at most 4 KB of them are kept.
    pub details: BTreeMap<String, Value>,
    whole: Whole,
}

/// All that an error says, which only the log may hear, and only with `log.unmasked_errors`.
#[derive(Clone, Default, PartialEq)]
struct Whole(Option<String>);

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Health {
    /// A status without a message.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self { status, message: None, details: BTreeMap::new(), whole: Whole::default() }
    }

    /// It works.
    #[must_use]
    pub fn healthy() -> Self {
        Self::new(Status::Healthy)
    }

    /// It works with less than it should have.
    #[must_use]
    pub fn degraded(message: impl Into<String>) -> Self {
        Self::new(Status::Degraded).message(message)
    }

    /// It does not work.
    #[must_use]
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self::new(Status::Unhealthy).message(message)
    }

    /// It does not work, because of this error.
    pub(crate) fn failed(error: &Cause) -> Self {
        Self { whole: Whole(Some(error.chain())), ..Self::unhealthy(error.told()) }
    }

    /// Takes out what only the log may hear.
    pub(crate) fn take_whole(&mut self) -> Option<String> {
        self.whole.0.take()
    }

    /// Adds a detail. A number that is not finite becomes `null`.
    #[must_use]
    pub fn detail(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.details.insert(name.into(), value.into());
        self
    }

    /// Says why.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// What is kept of it: bounded, and without the secrets that drivers write into their errors.
    pub(crate) fn fitted(self) -> Self {
        let message = self.message.map(|message| masked_beginning(&message, MESSAGE));
        let mut room = DETAILS;
        let fits = |(name, value): (String, Value)| {
            let text = value.to_string();
            room = room.checked_sub(name.len() + text.len())?;
            let value = match value {
                Value::String(text) => Value::String(masked(&text).into_owned()),
                Value::Array(_) | Value::Object(_) => {
                    serde_json::from_str(&masked(&text)).unwrap_or(Value::Null)
                }
                plain => plain,
            };
            Some((name, value))
        };
        Self { message, details: self.details.into_iter().map_while(fits).collect(), ..self }
    }
}

impl From<Status> for Health {
    fn from(status: Status) -> Self {
        Self::new(status)
    }
}
