use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

use super::Origin;

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
        Self { status, code: code.into(), retry: None, public: None, origin: Origin::Decided }
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
    /// Status, code, retry advice and public text of this value.
    fn decision(&self) -> Decision;
}
