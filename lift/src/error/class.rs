//! The class of an error, by its type: what may be written of it where its text may not.
//!
//! An `Error` can only be recognised by its type: here are lift's and those of its formats, and each backend judges its own.

use std::error::Error as StdError;
use std::fmt;
use std::io;

/// What is known of an error by its type.
pub(crate) enum Judged<'a> {
    /// Its own text is lift's, or holds nothing but what its type says.
    Clean,
    /// Its class, and the error inside that says more, if there is one; or the layers of a client `is_above` that one, which
    /// say nothing.
    Class { class: String, inside: Option<&'a (dyn StdError + 'static)>, is_above: bool },
    /// It shows another error as it is.
    Inside(&'a (dyn StdError + 'static)),
    /// Nothing.
    Unknown,
}

/// Words of lift's or of the service's author, as an error.
pub(crate) struct Words(pub(crate) String);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Words {}

type Judge = for<'a> fn(&'a (dyn StdError + 'static)) -> Option<Judged<'a>>;

pub(super) fn judge<'a>(error: &'a (dyn StdError + 'static)) -> Judged<'a> {
    let judges: &[Judge] = &[
        own,
        standard,
        #[cfg(feature = "postgres")]
        crate::backend::postgres::judge,
        #[cfg(feature = "redis")]
        crate::backend::redis::judge,
        #[cfg(feature = "sqlite")]
        crate::backend::sqlite::judge,
        #[cfg(feature = "http")]
        crate::backend::http::judge,
        #[cfg(feature = "dynamodb")]
        crate::backend::dynamodb::judge,
        #[cfg(any(feature = "http", feature = "postgres", feature = "redis"))]
        crate::backend::tls::judge,
    ];
    judges.iter().find_map(|judge| judge(error)).unwrap_or(Judged::Unknown)
}

/// Clean, if the error is one of these types.
macro_rules! clean {
    ($error:expr, $($type:ty),+ $(,)?) => {
        ($($error.is::<$type>())||+).then_some(Judged::Clean)
    };
}

pub(crate) fn class<'a>(
    class: impl Into<String>,
    inside: Option<&'a (dyn StdError + 'static)>,
) -> Option<Judged<'a>> {
    Some(Judged::Class { class: class.into(), inside, is_above: false })
}

/// The class of a client's error, whose layers stand between it and the first source whose type is known.
#[cfg(any(feature = "http", feature = "dynamodb"))]
pub(crate) fn class_above<'a>(
    class: String,
    layers: Option<&'a (dyn StdError + 'static)>,
) -> Option<Judged<'a>> {
    Some(Judged::Class { class, inside: layers, is_above: true })
}

/// lift's own types that are not a backend's.
fn own<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    if let Some(cause) = error.downcast_ref::<crate::pool::Cause>() {
        return Some(Judged::Inside(cause.inner()));
    }
    clean!(
        error,
        Words,
        crate::app::StartFailed,
        crate::config::Faults,
        crate::config::Invalid,
        crate::event::HeaderNotUtf8,
        crate::event::TooLarge,
        crate::health::RegisterError,
        crate::layer::Stopped,
        crate::pool::PoolError,
    )
}

/// The standard library's types, tokio's, and those of the formats that lift reads.
fn standard<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(match (error.raw_os_error(), error.get_ref()) {
            (Some(_), _) | (None, None) => Judged::Clean,
            (None, Some(inside)) => Judged::Class {
                class: error.kind().to_string(),
                inside: Some(inside as &(dyn StdError + 'static)),
                is_above: false,
            },
        });
    }
    if let Some(error) = error.downcast_ref::<serde_json::Error>() {
        let what = match error.classify() {
            serde_json::error::Category::Io => "JSON cannot be read or written",
            serde_json::error::Category::Syntax => "not JSON",
            serde_json::error::Category::Data => "JSON of another shape",
            serde_json::error::Category::Eof => "JSON that breaks off",
        };
        let place = match (error.line(), error.column()) {
            (0, _) => String::new(),
            (line, column) => format!(", at line {line} column {column}"),
        };
        return class(format!("{what}{place}"), error.source());
    }
    clean!(
        error,
        std::array::TryFromSliceError,
        std::char::ParseCharError,
        std::fmt::Error,
        std::net::AddrParseError,
        std::num::ParseFloatError,
        std::num::ParseIntError,
        std::num::TryFromIntError,
        std::str::ParseBoolError,
        std::str::Utf8Error,
        std::string::FromUtf8Error,
        std::time::SystemTimeError,
        tokio::sync::AcquireError,
        tokio::sync::oneshot::error::RecvError,
        tokio::time::error::Elapsed,
        http::Error,
        http::header::InvalidHeaderName,
        http::header::InvalidHeaderValue,
        http::uri::InvalidUri,
        http_body_util::LengthLimitError,
        uuid::Error,
    )
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;
    use crate::pool::PoolError;

    /// A text that nobody here knows.
    #[derive(Debug, thiserror::Error)]
    #[error("hunter2")]
    struct Elsewhere;

    fn json(text: &str) -> serde_json::Error {
        serde_json::from_str::<Vec<u8>>(text).unwrap_err()
    }

    #[test]
    fn a_known_type_tells_its_text_or_its_class() {
        let rows: [(&dyn Fn() -> super::super::BoxError, &str); 9] = [
            (&|| PoolError::Closed { pool: "db" }.into(), "pool `db` is closed"),
            (&|| Words("lift's own".to_owned()).into(), "lift's own"),
            (&|| "x".parse::<u8>().unwrap_err().into(), "invalid digit found in string"),
            (&|| io::Error::from(io::ErrorKind::NotFound).into(), "entity not found"),
            (&|| io::Error::from_raw_os_error(2).into(), "No such file or directory (os error 2)"),
            (&|| io::Error::new(io::ErrorKind::NotFound, Elsewhere).into(), "entity not found: …"),
            (&|| json("[hunter2").into(), "not JSON, at line 1 column 2"),
            (&|| json("[\"hunter2\"]").into(), "JSON of another shape, at line 1 column 10"),
            (&|| json("[7").into(), "JSON that breaks off, at line 1 column 2"),
        ];
        for (error, told) in rows {
            assert_eq!(shown(&*error()), told);
        }
        assert_eq!(shown(&Elsewhere), "…");
        assert_eq!(format!("{:?}", Words("said".to_owned())), "\"said\"");
    }
}
