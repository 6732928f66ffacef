//! What feeds invocations: Lambda, the HTTP server, the command line, tests.

#[cfg(feature = "server")]
mod accept;
mod commands;
mod conformance;
#[cfg(all(feature = "dev", feature = "server"))]
mod dev;
#[doc(hidden)]
pub mod ending;
#[cfg(feature = "lambda")]
mod extension;
#[cfg(feature = "lambda")]
mod function_env;
#[cfg(feature = "server")]
mod half;
#[cfg(feature = "lambda")]
mod lambda;
mod main;
#[cfg(feature = "lambda")]
mod polls;
#[cfg(feature = "server")]
mod probes;
#[cfg(feature = "lambda")]
mod runtime_api;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "lambda")]
mod start_error;
#[cfg(feature = "lambda")]
mod stream;
mod test;
#[cfg(feature = "lambda")]
mod trace;
#[cfg(feature = "lambda")]
mod workers;

pub use conformance::conformance;
pub use main::{MainOptions, run_main};
#[cfg(test)]
pub(crate) use test::call as test_call;
pub use test::{AsyncOpen, TestHost, TestRequest, TestResponse, TestService};

use crate::config::Sources;
#[cfg(feature = "lambda")]
use crate::config::lambda::is_function;
use crate::layer::fence;
use crate::telemetry::{self, Format, catch_panics};
use crate::{App, Error};

/// Runs an app where it finds itself. A panic of what lift stands on is an error like any other.
pub(crate) async fn run(app: App) -> crate::Result<()> {
    catch_panics();
    fence(Box::pin(run_here(app)))
        .await
        .unwrap_or_else(|panic| Err(Error::msg(format!("a part of the program panicked: {panic}"))))
}

async fn run_here(app: App) -> crate::Result<()> {
    #[cfg(feature = "lambda")]
    if is_function() {
        telemetry::start(Format::from_env());
        return lambda::run(app, &Sources::load()?).await;
    }
    commands::run(app).await
}

/// Waits for SIGTERM or Ctrl-C; never returns where neither can be watched.
#[cfg(any(feature = "server", feature = "lambda"))]
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

#[cfg(any(feature = "server", feature = "lambda"))]
impl Signals {
    pub(crate) fn watch() -> Self {
        Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok(),
        }
    }

    /// The name of the next signal.
    pub(crate) async fn next(&mut self) -> &'static str {
        #[cfg(unix)]
        let terminate = async {
            match &mut self.terminate {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        #[cfg(not(unix))]
        let terminate = std::future::pending::<Option<()>>();
        tokio::select! {
            Some(()) = terminate => "SIGTERM",
            Ok(()) = tokio::signal::ctrl_c() => "SIGINT",
            else => std::future::pending().await,
        }
    }
}

fn start_logs() {
    telemetry::start(Format::from_env());
}

fn load() -> crate::Result<Sources> {
    Ok(Sources::load()?)
}
