use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use super::RuntimeApi;
use super::shared::{Life, Shared, State};
use crate::deadline::wait_until;
use crate::process::{Finished, Process, Program};

/// The function's process. Dropping it kills it.
pub struct Function {
    shared: Arc<Shared>,
    generation: u64,
    /// Taken only by what consumes `self`.
    process: Option<Process>,
}

/// How Lambda's shutdown of a process went.
#[derive(Clone, Debug)]
pub struct ShutDown {
    /// Whether SIGKILL was needed, or nobody was registered to be asked first.
    pub killed: bool,
    /// The time between the first signal and the end.
    pub took: Duration,
    /// Exit status and output.
    pub finished: Finished,
}

impl RuntimeApi {
    /// Starts a program as the function: with what AWS sets in its environment.
    ///
    /// # Panics
    ///
    /// When it cannot be started, or another one still runs.
    pub fn spawn(&self, program: Program) -> Function {
        let shared = self.shared.clone();
        let generation = shared.update(|state| {
            assert!(state.process.is_none(), "another process still is the function");
            *state = State {
                generation: state.generation + 1,
                invoked: state.invoked,
                queue: std::mem::take(&mut state.queue),
                invocations: std::mem::take(&mut state.invocations),
                history: std::mem::take(&mut state.history),
                violations: std::mem::take(&mut state.violations),
                ..State::default()
            };
            state.generation
        });
        let process = self.function(program).start();
        let pid = Pid::from_raw(process.pid() as i32).expect("a process id is not zero");
        shared.update(|state| {
            state.process = Some(pid);
            // It was faster than we are.
            if matches!(state.life, Life::Snapshot(_)) {
                state.signal(Signal::STOP);
            }
        });
        thread::spawn({
            let shared = shared.clone();
            move || {
                // Leaves the process to be waited for by its owner. Fails when that has happened.
                let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
                shared.ended(generation);
            }
        });
        Function { shared, generation, process: Some(process) }
    }

    /// The environment of a function on AWS.
    fn function(&self, program: Program) -> Program {
        let config = &self.shared.config;
        let kind = match config {
            _ if config.snap_start => "snap-start",
            _ if config.is_managed() => "lambda-managed-instances",
            _ => "on-demand",
        };
        let mut program = program
            .env("AWS_LAMBDA_RUNTIME_API", self.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &config.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", config.memory.to_string())
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", config.name))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
            .env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env("_HANDLER", "bootstrap")
            .env("TZ", ":UTC");
        if config.is_managed() {
            program = program.env("AWS_LAMBDA_MAX_CONCURRENCY", config.concurrency.to_string());
        }
        program
    }
}

impl Function {
    /// Its process, for what it writes.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("taken only by what consumes `self`")
    }

    /// Ends it as Lambda does: SIGTERM and, when that is not enough, SIGKILL if an extension is registered; else SIGKILL.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub async fn shut_down(self) -> ShutDown {
        let limit = self.shared.config.shutdown;
        let begun = Instant::now();
        let asked = self.shared.update(|state| {
            state.thaw();
            if matches!(state.life, Life::Snapshot(_)) {
                state.signal(Signal::CONT);
            }
            let asked = !self.shared.config.extensions.is_empty() || !state.extensions.is_empty();
            state.signal(if asked { Signal::TERM } else { Signal::KILL });
            let deadline = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + limit;
            state.tell_extensions_of_shutdown(deadline.as_millis());
            asked
        });
        let in_time = asked && tokio::time::timeout(limit, self.wait_for_end()).await.is_ok();
        if asked && !in_time {
            self.shared.update(|state| state.signal(Signal::KILL));
        }
        self.wait_for_end().await;
        let took = begun.elapsed();
        ShutDown { killed: !in_time, took, finished: self.ended().await }
    }

    /// Kills it without a word, as when its memory is used up, and waits for its end. What it has in flight is
    /// [`Crashed`](super::Answer::Crashed); [`RuntimeApi::spawn`] may start another one then.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub fn kill(mut self) -> Finished {
        self.shared.update(|state| state.signal(Signal::KILL));
        wait_until("the end of the function's process", || {
            self.shared.is_over(self.generation).then_some(())
        });
        let process = self.process.take().expect("taken only by what consumes `self`");
        process.wait_for_exit()
    }

    /// Waits for its end, which comes by itself.
    ///
    /// # Panics
    ///
    /// When it does not end within [`SOON`](crate::deadline::SOON).
    pub async fn ended(mut self) -> Finished {
        self.wait_for_end().await;
        let process = self.process.take().expect("taken only by what consumes `self`");
        process.wait_for_exit()
    }

    async fn wait_for_end(&self) {
        let ended = |state: &State| state.is_over(self.generation).then_some(());
        self.shared.wait_for("the end of the function's process", ended).await;
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // Before it is waited for, because its id may be another's afterwards.
        self.shared.ended(self.generation);
    }
}
