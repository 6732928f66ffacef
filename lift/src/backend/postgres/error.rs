use std::error::Error as StdError;
use std::io;

use tokio_postgres::error::{DbError, SqlState};

use crate::backend::credentials::Server;
use crate::error::BoxError;
use crate::error::class::{Judged, class};

/// What PostgreSQL says, or why there is no connection.
///
/// Its text and its sources hold what the server said, but never the URL, a password or the text of a query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call failed: PostgreSQL refused, or the connection broke.
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    /// The connection cannot be opened.
    #[error("cannot connect to PostgreSQL at {server}")]
    Connect {
        /// The server.
        server: Server,
        /// What the system or the server said.
        source: tokio_postgres::Error,
    },
    /// The server's socket on this machine cannot be opened.
    #[error("cannot connect to PostgreSQL at {server}")]
    Socket {
        /// The server; its host is the folder of the socket.
        server: Server,
        /// What the system said.
        source: std::io::Error,
    },
    /// The credential provider failed, so the server has not been asked.
    #[error("there are no credentials for PostgreSQL at {server}")]
    Credentials {
        /// The server.
        server: Server,
        /// What the provider said.
        source: BoxError,
    },
    /// A call of the transaction had failed or was not awaited to its end, yet the work said `Ok`; PostgreSQL would
    /// have answered its `COMMIT` with a silent rollback.
    #[error("a call within the transaction failed or was abandoned, so nothing was committed")]
    RolledBack,
}

impl Error {
    fn inner(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Postgres(error) | Self::Connect { source: error, .. } => Some(error),
            Self::Socket { .. } | Self::Credentials { .. } | Self::RolledBack => None,
        }
    }

    fn is(&self, codes: &[SqlState]) -> bool {
        self.code().is_some_and(|code| codes.contains(code))
    }

    /// What the server said, when it was the server.
    #[must_use]
    pub fn db_error(&self) -> Option<&DbError> {
        self.inner()?.as_db_error()
    }

    /// The SQLSTATE, when it was the server.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        self.inner()?.code()
    }

    /// The constraint that was violated.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.db_error()?.constraint()
    }

    /// Whether a row with this key exists already.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        self.is(&[SqlState::UNIQUE_VIOLATION])
    }

    /// Whether a row that is referred to does not exist, or one that is to go is referred to.
    #[must_use]
    pub fn is_foreign_key_violation(&self) -> bool {
        self.is(&[SqlState::FOREIGN_KEY_VIOLATION])
    }

    /// Whether a concurrent transaction came first; the whole transaction may be tried again.
    #[must_use]
    pub fn is_serialization_failure(&self) -> bool {
        self.is(&[SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED])
    }

    /// Whether the statement ran into `statement_timeout`, `lock_timeout`, or was cancelled.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.is(&[SqlState::QUERY_CANCELED, SqlState::LOCK_NOT_AVAILABLE])
    }

    /// Whether the server accepts no writes, as a standby after a failover, or the transaction is `READ ONLY`.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.is(&[SqlState::READ_ONLY_SQL_TRANSACTION])
    }

    /// Whether the server takes no more connections now.
    #[must_use]
    pub fn is_too_many_connections(&self) -> bool {
        self.is(&[SqlState::TOO_MANY_CONNECTIONS])
    }

    /// Whether the server knows no such user, or not with this password.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.is(&[SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION])
    }

    /// Whether there is no connection: it could not be opened, or it broke, and whether the call took effect is not
    /// known. A later call on another connection may succeed.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        let Some(error) = self.inner() else { return matches!(self, Self::Credentials { .. }) };
        if matches!(self, Self::Connect { .. }) || error.is_closed() {
            return true;
        }
        match error.code() {
            Some(code) => code.code().starts_with("08") || code.code().starts_with("57P"),
            None => std::error::Error::source(error).is_some_and(|source| source.is::<io::Error>()),
        }
    }
}

/// The server's text stays out: it holds values of rows and parts of statements.
pub(crate) fn judge<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    if let Some(error) = error.downcast_ref::<DbError>() {
        return class(format!("SQLSTATE {}", error.code().code()), None);
    }
    match error.downcast_ref::<Error>() {
        Some(Error::Postgres(inner)) => Some(Judged::Inside(inner)),
        // The text of `tokio_postgres` is the kind of its error; what the server said is the source.
        _ => (error.is::<Error>() || error.is::<tokio_postgres::Error>()).then_some(Judged::Clean),
    }
}
