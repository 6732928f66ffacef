//! Logs: JSON where machines read them, plain lines where people do.

mod filter;
#[cfg(test)]
mod log;
mod panics;

pub(crate) use filter::filter;
#[cfg(test)]
pub(crate) use log::Log;
pub(crate) use panics::{Panicked, catch_panics, caught, dismiss};

use std::sync::atomic::{AtomicBool, Ordering};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::lambda::is_function;

/// The variable that says how log lines are written.
pub(crate) const FORMAT: &str = "LIFT_LOG_FORMAT";

/// The variable that says which ones are.
pub(crate) const FILTER: &str = "RUST_LOG";

/// Whether the program has a subscriber of its own, which reads `RUST_LOG` as it likes.
static FOREIGN: AtomicBool = AtomicBool::new(false);

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object a line.
    Json,
    /// Readable lines.
    Text,
}

impl Format {
    pub(crate) fn named(text: &str) -> Option<Self> {
        match text {
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            _ => None,
        }
    }

    /// `LIFT_LOG_FORMAT` is `json` or `text`; by default JSON on Lambda and in Kubernetes, else text.
    pub(crate) fn from_env() -> Self {
        let named = std::env::var(FORMAT).ok().and_then(|format| Self::named(&format));
        named.unwrap_or(if is_function() || set("KUBERNETES_SERVICE_HOST") { Self::Json } else { Self::Text })
    }
}

/// Whether something else than lift writes the log.
pub(crate) fn is_foreign() -> bool {
    FOREIGN.load(Ordering::Relaxed)
}

fn set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

/// Sends logs to standard error, at `info` and above unless `RUST_LOG` says otherwise: levels for targets, such as
/// `info,hyper=warn,my_service=debug`. A subscriber that the program
/// has set up itself stays. The line that `lambda_runtime` writes for each failed invocation, as an error whatever it is,
/// is left out: lift has written one.
pub(crate) fn start(format: Format) {
    let filter = std::env::var(FILTER).ok().and_then(|text| filter(&text).ok());
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
    FOREIGN.store(started.is_err(), Ordering::Relaxed);
    catch_panics();
}
