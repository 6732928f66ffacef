use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use tracing::Level;

use super::{Catalog, Origin};

/// What a caller may do with a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same call fails again; a queue need not deliver it again.
    Never,
    /// The same call may succeed at any moment.
    Now,
    /// The same call may succeed after this time.
    After(Duration),
}

impl Retry {
    /// [`Retry::After`] from milliseconds.
    #[must_use]
    pub const fn after_ms(milliseconds: u64) -> Self {
        Self::After(Duration::from_millis(milliseconds))
    }

    /// The value of a `Retry-After` header: whole seconds, at least one.
    pub(crate) fn seconds(self) -> Option<u64> {
        match self {
            Self::Never => None,
            Self::Now => Some(1),
            Self::After(wait) => Some(wait.as_millis().div_ceil(1_000).clamp(1, u128::from(u64::MAX)) as u64),
        }
    }
}

/// What one error means to the outside: status, stable code, retry advice and what the public may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub(super) status: StatusCode,
    pub(super) code: Cow<'static, str>,
    pub(super) retry: Option<Retry>,
    pub(super) public: Option<String>,
    pub(super) details: Vec<(&'static str, Value)>,
    pub(super) level: Option<Level>,
    pub(super) origin: Origin,
}

impl Decision {
    /// A decided failure. A status that is not a 4xx or 5xx becomes 500.
    #[must_use]
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            code: code.into(),
            retry: None,
            public: None,
            details: Vec::new(),
            level: None,
            origin: Origin::Decided,
        }
    }

    /// The opaque 500: the public reads the code and the request id, nothing else.
    #[must_use]
    pub fn internal(code: impl Into<Cow<'static, str>>) -> Self {
        Self { origin: Origin::Internal, ..Self::new(500, code) }
    }

    /// Says when a retry makes sense.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Adds a value that the public may read, by its name.
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    /// Says at which level it is logged: `error`, `warn`, `info` or `debug`. Another word changes nothing.
    #[must_use]
    pub fn log(mut self, level: &str) -> Self {
        self.level = match level {
            "error" => Some(Level::ERROR),
            "warn" => Some(Level::WARN),
            "info" => Some(Level::INFO),
            "debug" => Some(Level::DEBUG),
            _ => self.level,
        };
        self
    }

    /// Says what the public may read of it.
    #[must_use]
    pub fn public(mut self, text: impl Into<String>) -> Self {
        self.public = Some(text.into());
        self
    }
}

/// An error that decides what the outside sees of it. Derive it: `#[derive(LiftError)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what a client sees of it",
    label = "not a `LiftError`",
    note = "add `#[derive(Debug, thiserror::Error, LiftError)]` and a decision such as `#[lift(status = 404)]`",
    note = "or return `lift::Error`, the opaque 500 that every error converts into"
)]
pub trait LiftError: std::error::Error + Send + Sync + 'static {
    /// What its variants decide, for documentation. Default: nothing is known.
    const CATALOG: Catalog = Catalog::EMPTY;

    /// Status, code, retry advice and public text of this value.
    fn decision(&self) -> Decision;

    /// The error whose text this one's repeats, if it does: the log shows that one's class instead, because a driver's
    /// text may hold values and statements. The derive knows it from `#[error(transparent)]` and from a placeholder
    /// that is the source. Default: the text is your own.
    fn repeats(&self) -> Option<&(dyn std::error::Error + 'static)> {
        None
    }
}

/// The field of a `transparent` variant. Without the supertraits of [`LiftError`], so that what is none is one error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what a client sees of it",
    label = "not a `LiftError`",
    note = "`transparent` passes on the decision of a type with `#[derive(LiftError)]`",
    note = "write `#[lift(internal)]` for an opaque 500, or decide here: `#[lift(status = 503)]`"
)]
#[doc(hidden)]
pub trait Decides {
    /// Its decision.
    fn decide(&self) -> Decision;
}

#[diagnostic::do_not_recommend]
impl<E: LiftError> Decides for E {
    fn decide(&self) -> Decision {
        self.decision()
    }
}

/// A field in `details(…)`: a value that JSON can show.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shown as a detail",
    label = "not `serde::Serialize`",
    note = "add `#[derive(serde::Serialize)]` to it, or leave the field out of `details(…)`"
)]
pub trait Detail {
    /// The value; `null` for one that JSON cannot show.
    fn detail(&self) -> Value;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Detail for T {
    fn detail(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_whole_seconds_and_at_least_one() {
        let seconds = [
            (Retry::Never, None),
            (Retry::Now, Some(1)),
            (Retry::after_ms(0), Some(1)),
            (Retry::after_ms(999), Some(1)),
            (Retry::after_ms(1_001), Some(2)),
            (Retry::after_ms(90_000), Some(90)),
        ];
        for (retry, expected) in seconds {
            assert_eq!(retry.seconds(), expected, "{retry:?}");
        }
    }

    #[test]
    fn a_level_is_one_of_four_words_and_another_word_changes_nothing() {
        let words =
            [("error", Level::ERROR), ("warn", Level::WARN), ("info", Level::INFO), ("debug", Level::DEBUG)];
        for (word, level) in words {
            let decision = Decision::new(404, "X").log(word);
            assert_eq!(decision.level, Some(level));
            assert_eq!(decision.log("loud").level, Some(level));
        }
    }

    #[test]
    fn a_status_that_is_no_failure_becomes_500() {
        for (status, expected) in
            [(100, 500), (200, 500), (302, 500), (399, 500), (400, 400), (599, 599), (600, 500)]
        {
            assert_eq!(Decision::new(status, "X").status.as_u16(), expected);
        }
    }
}
