//! Errors that tell of a prepared statement that tables, types or the session have changed since.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::WrongType;

/// Why a statement that was prepared before may work when it is prepared again.
///
/// All of it is found before anything is executed, as long as it is about the statement itself: an error within a function
/// says where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outdated {
    /// The session has none of this name, as after `DEALLOCATE ALL` or behind a proxy.
    Name,
    /// What it reads or writes has other types.
    Types,
}

impl Outdated {
    pub(super) fn by(error: &Error) -> Option<Self> {
        match error.as_db_error() {
            // Its place is then the parameter that has the type.
            Some(said) if is_of_what_is_gone(said) => Some(Self::Types),
            Some(said) if said.where_().is_some() => None,
            Some(said) if *said.code() == SqlState::INVALID_SQL_STATEMENT_NAME => Some(Self::Name),
            Some(said) => is_of_analysis(said.code()).then_some(Self::Types),
            // A value does not fit the type that the statement had.
            None => std::error::Error::source(error)?.is::<WrongType>().then_some(Self::Types),
        }
    }
}

/// What the server says when it takes a statement up again and finds it changed.
fn is_of_analysis(code: &SqlState) -> bool {
    let codes = [
        // The columns of its result are others.
        SqlState::FEATURE_NOT_SUPPORTED,
        // What it names is gone or of another type.
        SqlState::UNDEFINED_COLUMN,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_OBJECT,
        SqlState::AMBIGUOUS_FUNCTION,
        SqlState::DATATYPE_MISMATCH,
        SqlState::CANNOT_COERCE,
        SqlState::INDETERMINATE_DATATYPE,
    ];
    codes.contains(code)
}

/// The server says this only to itself, so it is the same in every language.
fn is_of_what_is_gone(said: &DbError) -> bool {
    *said.code() == SqlState::INTERNAL_ERROR && said.message().starts_with("cache lookup failed for ")
}
