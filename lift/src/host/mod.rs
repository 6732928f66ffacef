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

use crate::App;
use crate::config::Sources;
use crate::telemetry::{self, Format};

/// Runs an app where it finds itself.
pub(crate) async fn run(app: App) -> crate::Result<()> {
    #[cfg(feature = "lambda")]
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
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
