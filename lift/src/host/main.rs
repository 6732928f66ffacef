use std::future::Future;
use std::process::ExitCode;

use crate::config::lambda::{concurrency, is_function};
use crate::error::{BoxError, Foreign, boxed, last_words};
use crate::telemetry::{catch_panics, caught};

/// The runtime that `#[lift::main]` was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct MainOptions {
    multi_thread: Option<bool>,
    workers: Option<usize>,
}

impl MainOptions {
    /// Chosen by where the program runs.
    #[must_use]
    pub const fn new() -> Self {
        Self { multi_thread: None, workers: None }
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

/// What `main` may return: `()`, or a `Result<(), E>` whose error is an error.
#[diagnostic::on_unimplemented(
    message = "`main` cannot return `{Self}`",
    label = "not a result of `main`",
    note = "return `lift::Result<()>`"
)]
pub trait MainResult {
    /// The error, if there is one.
    fn into_result(self) -> Result<(), BoxError>;
}

impl MainResult for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> MainResult for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(boxed)
    }
}

/// Runs the body of `main`; `#[lift::main]` calls this.
#[doc(hidden)]
pub fn run_main<R: MainResult>(options: MainOptions, body: impl Future<Output = R>) -> ExitCode {
    let mut builder = if options.is_multi_thread() {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    if let Some(workers) = options.workers {
        builder.worker_threads(workers.max(1));
    }
    catch_panics();
    // It panics where the system has no thread left.
    let built = caught(|| builder.enable_all().build()).map_err(|panicked| boxed(panicked.to_string()));
    let built: Result<_, BoxError> = built.and_then(|built| built.map_err(Into::into));
    let ended = match built {
        Ok(runtime) => {
            let ended = runtime.block_on(body).into_result();
            // A blocked thread must not keep the process alive; cleanups have been awaited already.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = Foreign::from(error);
            eprintln!("error: {}", last_words(&*error));
            ExitCode::FAILURE
        }
    }
}
