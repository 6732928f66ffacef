use std::fmt;

use axum_core::response::{IntoResponse, Response};

use super::{BoxError, Cause, Decision, Failure, Words};

/// A result whose error is the opaque [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, for people in a hurry: the client gets an opaque 500 with code `INTERNAL`, the log gets the chain.
///
/// It is also what start-up returns. Its `Debug` text is made for people, because `main` prints it.
pub struct Error(Cause);

impl Error {
    /// An error from a text.
    #[must_use]
    pub fn msg(text: impl Into<String>) -> Self {
        Self(Cause::new(Words(text.into())))
    }

    /// The error inside.
    #[must_use]
    pub fn into_inner(self) -> BoxError {
        self.0.error.into_inner()
    }

    /// The error's own text without those of its sources, which may hold what only the log may.
    #[cfg(feature = "lambda")]
    pub(crate) fn summary(&self) -> String {
        super::own_text(&*self.0.error)
    }

    /// The error inside, when it is an `E`.
    #[must_use]
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.error.downcast_ref()
    }
}

#[cfg(not(feature = "anyhow"))]
impl<E: Into<BoxError>> From<E> for Error
where
    E: std::error::Error,
{
    fn from(error: E) -> Self {
        Self(Cause::new(error))
    }
}

/// Every error that is one for [`std::error::Error`], and `anyhow::Error` with its context.
///
/// These are the errors that anyhow puts a context on. The bound says so to the compiler: this crate's own error, which
/// converts into anyhow's as well, is none of them.
#[cfg(feature = "anyhow")]
impl<E: Into<anyhow::Error>> From<E> for Error
where
    std::result::Result<(), E>: anyhow::Context<(), E>,
{
    fn from(error: E) -> Self {
        Self(Cause::of::<E>(error.into().reallocate_into_boxed_dyn_error_without_backtrace()))
    }
}

impl From<Error> for BoxError {
    fn from(error: Error) -> Self {
        error.0.error.into_inner()
    }
}

/// For a function that returns what many examples of the standard library do.
impl From<Error> for Box<dyn std::error::Error> {
    fn from(error: Error) -> Self {
        BoxError::from(error)
    }
}

#[cfg(feature = "anyhow")]
impl From<Error> for anyhow::Error {
    fn from(error: Error) -> Self {
        Self::from_boxed(error.into_inner())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.chain())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::decided(Decision::internal("INTERNAL")).caused(error.0)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Failure::from(self).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_converts_and_keeps_its_chain() {
        let inner = "x".parse::<u8>().unwrap_err();
        let error: Error = std::io::Error::other(inner).into();
        assert_eq!(error.to_string(), "invalid digit found in string");
        // What `main` prints.
        assert_eq!(format!("{error:?}"), "invalid digit found in string");
        #[cfg(feature = "lambda")]
        assert_eq!(error.summary(), "invalid digit found in string");
        assert!(error.downcast_ref::<std::io::Error>().is_some());
        let failure = Failure::from(error);
        assert_eq!((failure.code(), failure.public_detail()), ("INTERNAL", None));
    }

    #[test]
    fn it_converts_into_the_boxes_that_others_use() {
        fn fails() -> Result<()> {
            Err(std::fmt::Error)?
        }
        fn local() -> std::result::Result<(), Box<dyn std::error::Error>> {
            Ok(fails()?)
        }
        fn shared() -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Ok(fails()?)
        }
        assert!(
            local().unwrap_err().is::<std::fmt::Error>() && shared().unwrap_err().is::<std::fmt::Error>()
        );
        #[cfg(feature = "anyhow")]
        {
            fn anyhows() -> anyhow::Result<()> {
                Ok(fails()?)
            }
            assert_eq!(anyhows().unwrap_err().to_string(), std::fmt::Error.to_string());
        }
    }

    #[cfg(feature = "anyhow")]
    #[test]
    fn anyhow_converts_with_its_context() {
        use anyhow::Context;
        fn read() -> Result<()> {
            Err(std::fmt::Error).context("reading the ledger").map_err(Error::from)
        }
        fn question() -> Result<u8> {
            let number: u8 = "x".parse().context("a number")?;
            Ok(number)
        }
        assert!(read().unwrap_err().to_string().starts_with("reading the ledger: an error occurred"));
        assert!(question().unwrap_err().to_string().starts_with("a number: invalid digit"));
    }
}
