use std::future::Future;
use std::marker::PhantomData;
use std::process::ExitCode;
use std::sync::OnceLock;

use super::ending::{MainResult, failed};
use crate::App;
use crate::config::lambda::{concurrency, is_function};
use crate::error::{BoxError, boxed};
use crate::telemetry::{catch_panics, caught};

/// The runtime that `#[lift::main]` was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct MainOptions {
    multi_thread: Option<bool>,
    workers: Option<usize>,
    version: Option<&'static str>,
}

/// The version of the package that `main` is in, where `#[lift::main]` has told it.
static VERSION: OnceLock<&str> = OnceLock::new();

/// The service with its version, and lift's.
pub(super) fn versions(app: &App) -> String {
    let version = VERSION.get().map(|version| format!(" {version}")).unwrap_or_default();
    format!("{}{version} (lift {})", app.name, env!("CARGO_PKG_VERSION"))
}

impl MainOptions {
    /// Chosen by where the program runs.
    #[must_use]
    pub const fn new() -> Self {
        Self { multi_thread: None, workers: None, version: None }
    }

    /// One thread.
    #[must_use]
    pub const fn current_thread(mut self) -> Self {
        self.multi_thread = Some(false);
        self
    }

    /// A thread for each CPU, or as many as [`worker_threads`](Self::worker_threads) says.
    #[must_use]
    pub const fn multi_thread(mut self) -> Self {
        self.multi_thread = Some(true);
        self
    }

    /// The number of threads of a multi-thread runtime.
    #[must_use]
    pub const fn worker_threads(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// The version of the program's package.
    #[must_use]
    pub const fn version(mut self, version: Option<&'static str>) -> Self {
        self.version = version;
        self
    }

    /// On Lambda below two CPUs (1,769 MB a CPU) more threads only cost switches.
    fn is_multi_thread(self) -> bool {
        self.multi_thread.unwrap_or_else(|| {
            let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u32>().ok());
            let on_lambda = is_function();
            let concurrent = concurrency() > 1;
            let memory = number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").unwrap_or(0);
            !on_lambda || concurrent || memory >= 2 * 1769
        })
    }
}

/// Runs the body of `main`; `#[lift::main]` calls this with the mark that it got for the body's type.
#[doc(hidden)]
pub fn run_main<R: MainResult<M>, M>(
    options: MainOptions,
    body: impl Future<Output = R>,
    _: PhantomData<M>,
) -> ExitCode {
    let mut builder = if options.is_multi_thread() {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    if let Some(workers) = options.workers {
        builder.worker_threads(workers.max(1));
    }
    if let Some(version) = options.version {
        let _ = VERSION.set(version);
    }
    catch_panics();
    // It panics where the system has no thread left.
    let built = caught(|| builder.enable_all().build()).map_err(|panicked| boxed(panicked.to_string()));
    let built: Result<_, BoxError> = built.and_then(|built| built.map_err(Into::into));
    match built {
        Ok(runtime) => {
            let code = runtime.block_on(body).end();
            // A blocked thread must not keep the process alive; cleanups have been awaited already.
            runtime.shutdown_background();
            code
        }
        Err(error) => failed(&*error),
    }
}
