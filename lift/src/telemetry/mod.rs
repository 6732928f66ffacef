//! Logs: JSON where machines read them, plain lines where people do.

#[cfg(test)]
mod log;
mod panics;

#[cfg(test)]
pub(crate) use log::Log;
use panics::catch_panics;
pub(crate) use panics::{Panicked, caught, dismiss};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object a line.
    Json,
    /// Readable lines.
    Text,
}

impl Format {
    /// `LIFT_LOG_FORMAT` is `json` or `text`; by default JSON on Lambda and in Kubernetes, else text.
    pub(crate) fn from_env() -> Self {
        match std::env::var("LIFT_LOG_FORMAT").as_deref() {
            Ok("json") => Self::Json,
            Ok("text") => Self::Text,
            _ if set("AWS_LAMBDA_RUNTIME_API") || set("KUBERNETES_SERVICE_HOST") => Self::Json,
            _ => Self::Text,
        }
    }
}

fn set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

/// Sends logs to standard error, at `info` and above unless `RUST_LOG` says otherwise: levels for targets, such as
/// `info,hyper=warn,my_service=debug`. A subscriber that the program
/// has set up itself stays. The line that `lambda_runtime` writes for each failed invocation, as an error whatever it is,
/// is left out: lift has written one.
pub(crate) fn start(format: Format) {
    let filter = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let filter = filter.with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        Format::Json => {
            // The list holds the invocation, with its request id, whatever spans of the user's stand inside.
            let logs = logs.json().flatten_event(true).with_current_span(false).with_span_list(true);
            registry.with(logs).try_init()
        }
        Format::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr()) && !set("NO_COLOR");
            registry.with(logs.with_ansi(colours)).try_init()
        }
    };
    // An error means that the program has its own subscriber.
    drop(started);
    catch_panics();
}
