//! Annotated Rust services that are AWS Lambda functions and HTTP servers.
//!
//! You annotate functions and types; lift wires the connection pools, the health probes and the error responses, and
//! the compiler proves the wiring.
//!
//! ```no_run
#![doc = include_str!("../docs/first.rs")]
//! ```
//!
//! The guides are in `lift::guide` (with the feature `sqlite`, which their examples use).

// `tests/models` wants the library with loom's primitives, not its tests, which know nothing of them.
#![cfg(not(all(test, lift_loom)))]
#![warn(unreachable_pub)]
// What only one host uses is unused when that host is left out; the build with all of them finds what nobody uses.
#![cfg_attr(not(all(feature = "lambda", feature = "server")), allow(dead_code, unused_imports))]

// Generated code names `::lift`, also inside this crate's own tests.
extern crate self as lift;

pub mod app;
mod backend;
mod body;
pub mod clock;
pub mod config;
mod const_text;
pub mod error;
pub mod event;
#[cfg(feature = "sqlite")] // the guides' examples keep their data there
pub mod guide;
pub mod handler;
pub mod health;
mod host;
mod layer;
pub mod pool;
pub mod prelude;
pub mod resource;
mod telemetry;

#[doc(hidden)]
pub mod __private;

pub use app::App;
/// The body of a request or an answer; `Body::from_stream` makes one that is sent bit by bit.
pub use axum_core::body::Body;
#[cfg(any(feature = "postgres", feature = "redis"))]
pub use backend::credentials;
#[cfg(feature = "dynamodb")]
pub use backend::dynamodb;
#[cfg(feature = "http")]
pub use backend::http;
#[cfg(feature = "postgres")]
pub use backend::postgres;
#[cfg(feature = "redis")]
pub use backend::redis;
#[cfg(feature = "sqlite")]
pub use backend::sqlite;
pub use error::{BoxError, Decision, Error, Failure, LiftError, Outcome, Result, Retry};
pub use health::{Health, Status};
pub use lift_macros::{LiftError, Resource, handler, health_check, main};
pub use pool::{Pool, PoolError, Pooled, Shared};
pub use resource::{Context, Init, Resource, Uses};

/// Runs work that blocks its thread where that does no harm, on every runtime.
///
/// A handler that blocks its own thread cannot be interrupted by its deadline, and on Lambda it blocks the runtime;
/// `tokio::task::block_in_place` panics on a current-thread runtime, which Lambda has below two CPUs.
///
/// When the caller is dropped, the work goes on to its end.
///
/// # Panics
/// When `work` panics.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down and drops this future soon.
            Err(_) => std::future::pending().await,
        },
    }
}

/// What a handler can take from a request, besides resources.
///
/// Every extractor of axum that needs only the request works, too.
pub mod extract {
    pub use crate::handler::{Form, Json, MatchedPath, Path, Query};
    pub use axum_core::extract::{FromRequest, FromRequestParts, Request};
    pub use http::{HeaderMap, Method, Uri};
}

/// What a test uses: the app in process, and its parts.
pub mod testing {
    pub use crate::clock::Clock;
    pub use crate::host::{AsyncOpen, TestHost, TestRequest, TestResponse, TestService, conformance};
    use crate::{App, config::Faults};

    /// Finds everything that would keep an app from starting, without opening anything; settings that the environment
    /// would give are set with [`TestHost::var`]: `app.test().var("DB_URL", "…").check()`.
    ///
    /// # Errors
    /// All of it, each with the place in the code or the variable.
    pub fn check(app: App) -> Result<(), Faults> {
        app.test().check()
    }
}
