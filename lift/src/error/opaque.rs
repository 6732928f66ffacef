use std::fmt;

use axum_core::response::{IntoResponse, Response};

use super::{BoxError, Failure, chain};

/// A result whose error is the opaque [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, for people in a hurry: the client gets an opaque 500 with code `INTERNAL`, the log gets the chain.
///
/// It is also what start-up returns. Its `Debug` text is made for people, because `main` prints it.
pub struct Error(BoxError);

impl Error {
    /// An error from a text.
    #[must_use]
    pub fn msg(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The error inside.
    #[must_use]
    pub fn into_inner(self) -> BoxError {
        self.0
    }

    /// The error inside, when it is an `E`.
    #[must_use]
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl<E: Into<BoxError>> From<E> for Error
where
    E: std::error::Error,
{
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<Error> for BoxError {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(self.0.as_ref()))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::internal("INTERNAL", error.0)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Failure::from(self).into_response()
    }
}
