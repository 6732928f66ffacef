//! The class of an error, by its type: what may be written of it where its text may not.
//!
//! An `Error` can only be recognised by its type, so this one table names the types of every floor.

use std::error::Error as StdError;
use std::fmt;
use std::io;

/// What is known of an error by its type.
pub(super) enum Judged<'a> {
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
        postgres,
        #[cfg(feature = "redis")]
        redis,
        #[cfg(feature = "sqlite")]
        sqlite,
        #[cfg(feature = "http")]
        http,
        #[cfg(feature = "dynamodb")]
        dynamodb,
        #[cfg(any(feature = "http", feature = "postgres", feature = "redis"))]
        tls,
    ];
    judges.iter().find_map(|judge| judge(error)).unwrap_or(Judged::Unknown)
}

/// Clean, if the error is one of these types.
macro_rules! clean {
    ($error:expr, $($(#[$only:meta])* $type:ty),+ $(,)?) => {
        'found: {
            $($(#[$only])* if $error.is::<$type>() { break 'found Some(Judged::Clean); })+
            None
        }
    };
}

fn class<'a>(class: impl Into<String>, inside: Option<&'a (dyn StdError + 'static)>) -> Option<Judged<'a>> {
    Some(Judged::Class { class: class.into(), inside, is_above: false })
}

/// The class of a client's error, whose layers stand between it and the first source whose type is known.
#[cfg(any(feature = "http", feature = "dynamodb"))]
fn class_above<'a>(class: String, layers: Option<&'a (dyn StdError + 'static)>) -> Option<Judged<'a>> {
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

/// The server's text stays out: it holds values of rows and parts of statements.
#[cfg(feature = "postgres")]
fn postgres<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    use crate::backend::postgres::Error;
    use tokio_postgres::error::DbError;

    if let Some(error) = error.downcast_ref::<DbError>() {
        return class(format!("SQLSTATE {}", error.code().code()), None);
    }
    match error.downcast_ref::<Error>() {
        Some(Error::Postgres(inner)) => Some(Judged::Inside(inner)),
        // The text of `tokio_postgres` is the kind of its error; what the server said is the source.
        _ => clean!(error, Error, tokio_postgres::Error),
    }
}

/// What follows the first word stays out: the server repeats commands and arguments there, and scripts say what they
/// like.
#[cfg(feature = "redis")]
fn redis<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    use crate::backend::redis::Error;

    if let Some(error) = error.downcast_ref::<redis::RedisError>() {
        let is_code = |code: &&str| {
            code.len() <= 20 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        let said = match error.code().filter(is_code) {
            Some(code) => format!("Redis {code}"),
            None if error.is_timeout() => "Redis time-out".to_owned(),
            None => format!("Redis {:?}", error.kind()),
        };
        return class(said, error.source());
    }
    match error.downcast_ref::<Error>() {
        Some(Error::Redis(inner)) => Some(Judged::Inside(inner)),
        _ => clean!(error, Error),
    }
}

/// SQLite's text of a code is fixed; its message and `rusqlite`'s other errors hold parts of statements and values.
#[cfg(feature = "sqlite")]
fn sqlite<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    use crate::backend::sqlite::Error;
    use rusqlite::Error as Sqlite;

    if let Some(error) = error.downcast_ref::<Sqlite>() {
        return match error {
            Sqlite::SqliteFailure(code, _) | Sqlite::SqlInputError { error: code, .. } => {
                class(sqlite_code(*code), None)
            }
            Sqlite::QueryReturnedNoRows
            | Sqlite::QueryReturnedMoreThanOneRow
            | Sqlite::ExecuteReturnedResults
            | Sqlite::InvalidColumnIndex(_)
            | Sqlite::InvalidParameterCount(..)
            | Sqlite::InvalidQuery
            | Sqlite::MultipleStatement
            | Sqlite::StatementChangedRows(_) => Some(Judged::Clean),
            Sqlite::FromSqlConversionFailure(column, kind, _) => {
                class(format!("column {column} of SQLite's type {kind} is another type here"), None)
            }
            Sqlite::InvalidColumnType(column, _, kind) => {
                class(format!("column {column} is of SQLite's type {kind}"), None)
            }
            _ => class("SQLite: refused before it was asked", None),
        };
    }
    match error.downcast_ref::<Error>() {
        Some(Error::Sqlite(inner)) => Some(Judged::Inside(inner)),
        Some(Error::Open { path, reason }) => {
            class(format!("cannot open the database file `{}`", path.display()), Some(reason))
        }
        _ => clean!(error, Error, rusqlite::ffi::Error),
    }
}

/// The name of a violated constraint's kind, which has no text of its own; else the code with SQLite's text of it.
#[cfg(feature = "sqlite")]
fn sqlite_code(code: rusqlite::ffi::Error) -> String {
    use rusqlite::ffi;

    let name = match code.extended_code {
        ffi::SQLITE_CONSTRAINT_CHECK => "SQLITE_CONSTRAINT_CHECK",
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => "SQLITE_CONSTRAINT_FOREIGNKEY",
        ffi::SQLITE_CONSTRAINT_NOTNULL => "SQLITE_CONSTRAINT_NOTNULL",
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY => "SQLITE_CONSTRAINT_PRIMARYKEY",
        ffi::SQLITE_CONSTRAINT_TRIGGER => "SQLITE_CONSTRAINT_TRIGGER",
        ffi::SQLITE_CONSTRAINT_UNIQUE => "SQLITE_CONSTRAINT_UNIQUE",
        _ => return format!("SQLite {code}"),
    };
    format!("SQLite error code {}: {name}", code.extended_code)
}

/// The URL stays out: its path and query may be secret.
#[cfg(feature = "http")]
fn http<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        // reqwest's own words without what follows them.
        let what = match error.status() {
            Some(status) => format!("HTTP status {}", status.as_u16()),
            None if error.is_redirect() => "error following redirect".to_owned(),
            None if error.is_decode() => "error decoding response body".to_owned(),
            None if error.is_body() => "request or response body error".to_owned(),
            None if error.is_builder() => "builder error".to_owned(),
            None if error.is_timeout() => "error sending request: timed out".to_owned(),
            None if error.is_connect() => "error sending request: cannot connect".to_owned(),
            None => "error sending request".to_owned(),
        };
        return class_above(what, error.source());
    }
    clean!(error, crate::backend::http::Error)
}

/// The code that the service gives; its message repeats names and values.
#[cfg(feature = "dynamodb")]
fn dynamodb<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
    use aws_sdk_dynamodb::operation::{
        batch_execute_statement, batch_get_item, batch_write_item, delete_item, describe_table,
        execute_statement, get_item, put_item, query, scan, transact_get_items, transact_write_items,
        update_item,
    };

    fn said<'a, E: StdError + ProvideErrorMetadata + 'static>(
        error: &'a (dyn StdError + 'static),
    ) -> Option<Judged<'a>> {
        if let Some(error) = error.downcast_ref::<SdkError<E>>() {
            let what = match error {
                SdkError::ConstructionFailure(_) => "AWS request that cannot be built",
                SdkError::TimeoutError(_) => "AWS time-out",
                SdkError::DispatchFailure(_) => "AWS request that was not sent",
                SdkError::ResponseError(_) => "AWS answer that cannot be read",
                SdkError::ServiceError(_) => "AWS",
                _ => "AWS request",
            };
            let code = error.code().map(|code| format!("{what} {code}"));
            return class_above(code.unwrap_or_else(|| what.to_owned()), error.source());
        }
        let error = error.downcast_ref::<E>()?;
        class(format!("AWS {}", error.code().unwrap_or("error")), None)
    }
    macro_rules! operations {
        ($($type:ty),+ $(,)?) => { None$(.or_else(|| said::<$type>(error)))+ };
    }
    let judged = operations!(
        batch_execute_statement::BatchExecuteStatementError,
        batch_get_item::BatchGetItemError,
        batch_write_item::BatchWriteItemError,
        delete_item::DeleteItemError,
        describe_table::DescribeTableError,
        execute_statement::ExecuteStatementError,
        get_item::GetItemError,
        put_item::PutItemError,
        query::QueryError,
        scan::ScanError,
        transact_get_items::TransactGetItemsError,
        transact_write_items::TransactWriteItemsError,
        update_item::UpdateItemError,
        aws_sdk_dynamodb::Error,
    );
    judged.or_else(|| {
        if let Some(boxed) = error.downcast_ref::<Box<SdkError<describe_table::DescribeTableError>>>() {
            return Some(Judged::Inside(&**boxed));
        }
        clean!(error, crate::backend::dynamodb::Error)
    })
}

/// What is wrong with a certificate, without the names in it.
#[cfg(any(feature = "http", feature = "postgres", feature = "redis"))]
fn tls<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    use tokio_rustls::rustls::{CertificateError, Error};

    let said = match error.downcast_ref::<Error>()? {
        Error::InvalidCertificate(fault) => match fault {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "TLS: the certificate is for another name".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "TLS: the certificate has expired".to_owned()
            }
            CertificateError::Other(_) => "TLS: the certificate is not valid".to_owned(),
            fault => format!("TLS: the certificate is not valid: {fault:?}"),
        },
        Error::AlertReceived(alert) => format!("TLS: the peer says {alert:?}"),
        _ => "TLS: the handshake failed".to_owned(),
    };
    class(said, None)
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
