use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum_core::response::{IntoResponse, Response};

use crate::config::duration_text;
use crate::error::{BoxError, Catalog, CatalogEntry, Decision, Failure, Foreign, LiftError, Retry};
use crate::resource::short_name;

/// What a connect said that many callers waited for; it shows and chains as the error itself does.
#[derive(Clone)]
pub struct Cause(Arc<Foreign>);

impl Cause {
    pub(super) fn new(error: BoxError) -> Self {
        Self(Arc::new(error.into()))
    }

    /// The error itself.
    pub(crate) fn inner(&self) -> &(dyn std::error::Error + 'static) {
        &**self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.inner(), f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.inner(), f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner().source()
    }
}

/// Why there is no connection. Every variant names the resource.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// All connections are lent and none came back in time.
    #[error(
        "pool `{pool}`: all {in_use} connections are in use, {waiting} callers wait; the longest is held for {} by `{by}`",
        duration_text(*longest_held)
    )]
    Exhausted {
        /// The resource.
        pool: &'static str,
        /// Connections lent.
        in_use: usize,
        /// Callers in the queue, this one included.
        waiting: usize,
        /// How long the longest-held connection has been out.
        longest_held: Duration,
        /// Who holds that one.
        by: &'static str,
    },
    /// A new connection could not be opened.
    #[error("pool `{pool}` cannot connect")]
    Connect {
        /// The resource.
        pool: &'static str,
        /// What opening it said.
        #[source]
        source: BoxError,
    },
    /// An idle connection did not answer, and no other came in time.
    #[error("pool `{pool}`: an idle connection did not answer, and no other came in time")]
    Validate {
        /// The resource.
        pool: &'static str,
        /// What the round trip said.
        #[source]
        source: BoxError,
    },
    /// Connects have failed, so none is tried for a while.
    #[error("pool `{pool}` does not connect for another {}, because connects fail", duration_text(*retry_after))]
    BreakerOpen {
        /// The resource.
        pool: &'static str,
        /// When a connect is tried again.
        retry_after: Duration,
        /// What the last connect said.
        #[source]
        source: Cause,
    },
    /// More connections are asked for at once than the pool may have.
    #[error("pool `{pool}` never has {count} connections at once; its `max_size` is {max_size}")]
    TooMany {
        /// The resource.
        pool: &'static str,
        /// How many are asked for.
        count: usize,
        /// How many there may be.
        max_size: usize,
    },
    /// The pool is shutting down.
    #[error("pool `{pool}` is closed")]
    Closed {
        /// The resource.
        pool: &'static str,
    },
    /// Something takes a resource that it never declared.
    #[error(
        "`{by}` takes `{0}` without saying so: write `impl lift::Uses for …` with `type Resources = ({0},);` for the extractor that takes it",
        short_name(argument)
    )]
    Undeclared {
        /// The argument type.
        argument: &'static str,
        /// The handler.
        by: &'static str,
    },
}

impl PoolError {
    /// The word for its class, in statistics and reports.
    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Exhausted { .. } => "exhausted",
            Self::Connect { .. } => "connect",
            Self::Validate { .. } => "validate",
            Self::BreakerOpen { .. } => "breaker open",
            Self::TooMany { .. } => "too many",
            Self::Closed { .. } => "closed",
            Self::Undeclared { .. } => "undeclared",
        }
    }
}

/// 503 and worth a retry, except for a mistake in the code.
impl LiftError for PoolError {
    const CATALOG: Catalog = Catalog::new(
        &[
            CatalogEntry::new("Exhausted", 503, "POOL_EXHAUSTED", Some(Retry::Now), None),
            CatalogEntry::new("Connect", 503, "RESOURCE_UNAVAILABLE", Some(Retry::Now), None),
            CatalogEntry::new("Closed", 503, "SHUTTING_DOWN", Some(Retry::Now), None),
        ],
        &[],
    );

    fn decision(&self) -> Decision {
        match self {
            Self::Exhausted { .. } => Decision::new(503, "POOL_EXHAUSTED").retry(Retry::Now),
            Self::Connect { .. } | Self::Validate { .. } => {
                Decision::new(503, "RESOURCE_UNAVAILABLE").retry(Retry::Now)
            }
            Self::BreakerOpen { retry_after, .. } => {
                Decision::new(503, "RESOURCE_UNAVAILABLE").retry(Retry::After(*retry_after))
            }
            Self::Closed { .. } => Decision::new(503, "SHUTTING_DOWN").retry(Retry::Now),
            Self::TooMany { .. } => Decision::internal("POOL_TOO_SMALL"),
            Self::Undeclared { .. } => Decision::internal("RESOURCE_UNDECLARED"),
        }
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::of(error)
    }
}

impl IntoResponse for PoolError {
    fn into_response(self) -> Response {
        Failure::of(self).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each() -> Vec<(PoolError, &'static str, &'static str, Option<Retry>)> {
        let pool = "db";
        let cause = || std::io::Error::other(std::fmt::Error);
        let second = Duration::from_secs(1);
        vec![
            (
                PoolError::Exhausted { pool, in_use: 2, waiting: 3, longest_held: second, by: "slow" },
                "exhausted",
                "POOL_EXHAUSTED",
                Some(Retry::Now),
            ),
            (
                PoolError::Connect { pool, source: cause().into() },
                "connect",
                "RESOURCE_UNAVAILABLE",
                Some(Retry::Now),
            ),
            (
                PoolError::Validate { pool, source: cause().into() },
                "validate",
                "RESOURCE_UNAVAILABLE",
                Some(Retry::Now),
            ),
            (
                PoolError::BreakerOpen { pool, retry_after: second, source: Cause::new(cause().into()) },
                "breaker open",
                "RESOURCE_UNAVAILABLE",
                Some(Retry::After(second)),
            ),
            (PoolError::TooMany { pool, count: 3, max_size: 2 }, "too many", "POOL_TOO_SMALL", None),
            (PoolError::Closed { pool }, "closed", "SHUTTING_DOWN", Some(Retry::Now)),
            (
                PoolError::Undeclared { argument: "Pooled<Db>", by: "handler" },
                "undeclared",
                "RESOURCE_UNDECLARED",
                None,
            ),
        ]
    }

    #[test]
    fn every_error_of_a_pool_has_its_class_and_its_decision() {
        for (error, class, code, retry) in each() {
            assert_eq!(error.class(), class);
            let status = if retry.is_some() { 503 } else { 500 };
            let failure = Failure::from(error);
            assert_eq!(
                (failure.code(), failure.status().as_u16(), failure.retry_advice()),
                (code, status, retry)
            );
            assert_eq!(failure.public_detail(), None);
        }
        for (error, _, _, retry) in each() {
            assert_eq!(error.into_response().status().as_u16(), if retry.is_some() { 503 } else { 500 });
        }
    }

    #[test]
    fn what_a_connect_said_is_shown_as_it_was_said() {
        let error = std::io::Error::other(std::fmt::Error);
        let shown = (error.to_string(), format!("{error:?}"));
        let cause = Cause::new(error.into());
        assert_eq!((cause.to_string(), format!("{cause:?}")), shown);
        let with_source = Cause::new(Box::new(PoolError::Connect { pool: "db", source: "refused".into() }));
        let source = std::error::Error::source(&with_source).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("refused"));
    }
}
