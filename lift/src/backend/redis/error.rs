use std::error::Error as StdError;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::backend::credentials::Server;
use crate::error::BoxError;
use crate::error::class::{Judged, class};

/// What Redis says, or why there is no connection.
///
/// Its text and its sources hold what the server said, but never the URL or a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call failed: Redis refused, or the connection broke.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The connection cannot be opened.
    #[error("cannot connect to Redis at {server}")]
    Connect {
        /// The server.
        server: Server,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server was reached and does not let us in.
    #[error("Redis at {server} refused the connection")]
    Refused {
        /// The server.
        server: Server,
        /// What the server said.
        source: RedisError,
    },
    /// The credential provider failed, so the server has not been asked.
    #[error("there are no credentials for Redis at {server}")]
    Credentials {
        /// The server.
        server: Server,
        /// What the provider said.
        source: BoxError,
    },
}

impl Error {
    fn inner(&self) -> Option<&RedisError> {
        match self {
            Self::Redis(error) | Self::Refused { source: error, .. } => Some(error),
            Self::Connect { .. } | Self::Credentials { .. } => None,
        }
    }

    /// The first word of the server's answer, such as `WRONGTYPE`, when it was the server.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.inner()?.code()
    }

    /// Whether there is no connection: it could not be opened, or it broke, and whether the call took effect is not
    /// known. A later call on another connection may succeed.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        match self {
            Self::Redis(error) => error.is_io_error(),
            _ => true,
        }
    }

    /// Whether the answer did not come within `response_timeout`.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.inner().is_some_and(RedisError::is_timeout)
    }

    /// Whether the server knows no such user, or not with this password, or wants one.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.inner().is_some_and(|error| error.kind() == ErrorKind::AuthenticationFailed)
            || matches!(self.code(), Some("WRONGPASS" | "NOAUTH"))
    }

    /// Whether the server cannot answer for now: it loads its data, runs a long script, or has lost its master.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let kind = self.inner().map(RedisError::kind);
        matches!(
            kind,
            Some(ErrorKind::Server(
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ClusterDown
            ))
        ) || self.code() == Some("BUSY")
    }

    /// Whether the server is a replica that takes no writes, as after a failover.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.code() == Some("READONLY")
    }

    /// Whether the server has no memory left for a write.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        self.code() == Some("OOM")
    }
}

/// What follows the first word stays out: the server repeats commands and arguments there, and scripts say what they
/// like.
pub(crate) fn judge<'a>(error: &'a (dyn StdError + 'static)) -> Option<Judged<'a>> {
    if let Some(error) = error.downcast_ref::<RedisError>() {
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
        _ => error.is::<Error>().then_some(Judged::Clean),
    }
}
