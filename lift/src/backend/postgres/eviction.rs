//! Errors of the server that evict a connection. The module's documentation lists them.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// Whether the session is over, or stands at a server that accepts no writes.
pub(super) fn evicts(error: &Error) -> bool {
    error.is_closed()
        || error.as_db_error().is_some_and(|error| ends_session(error) || is_elsewhere(error.code()))
}

/// `FATAL` and `PANIC`: the server closes the connection next, whatever the code.
fn ends_session(error: &DbError) -> bool {
    match error.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        // Servers before 9.6 and some proxies send only the text.
        None => matches!(error.severity(), "FATAL" | "PANIC"),
    }
}

/// Connection exceptions (class 08), operator intervention that ends sessions (57P), read-only servers.
fn is_elsewhere(code: &SqlState) -> bool {
    let text = code.code();
    text.starts_with("08") || text.starts_with("57P") || *code == SqlState::READ_ONLY_SQL_TRANSACTION
}
