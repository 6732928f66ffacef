use std::error::Error as StdError;
use std::path::PathBuf;

use crate::error::class::{Judged, class};

/// What SQLite says, or why a call did not come back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be opened or made.
    #[error("cannot open the database file `{}`: {reason}; check that its folder exists and is writable", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        reason: rusqlite::Error,
    },
    /// The file is there but is no SQLite database any more.
    #[error("`{}` is not a SQLite database", .0.display())]
    NotADatabase(PathBuf),
    /// An earlier call did not come back, so there is no connection any more.
    #[error("an interrupted call has taken the connection along")]
    Gone,
}

impl Error {
    /// Whether another connection holds the lock; a retry may succeed.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        match self {
            Self::Sqlite(error) => matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked)),
            _ => false,
        }
    }
}

/// SQLite's text of a code is fixed; its message and `rusqlite`'s other errors hold parts of statements and values.
pub(crate) fn judge<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
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
        _ => (error.is::<Error>() || error.is::<rusqlite::ffi::Error>()).then_some(Judged::Clean),
    }
}

/// The name of a violated constraint's kind, which has no text of its own; else the code with SQLite's text of it.
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
