use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::extension::Extension;
use super::invocation::{Invocation, Stage};
use super::refusal::{Refusal, Reply};
use super::seed::Seed;
use super::{Answer, Builder, Record};
use crate::deadline::SOON;

/// What the test's side, the server's thread and the watcher of the process have in common.
pub(super) struct Shared {
    pub(super) config: Builder,
    pub(super) seed: Seed,
    /// The runtime of the server's thread, for timers.
    pub(super) timers: Handle,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

/// Everything that changes.
#[derive(Default)]
pub(super) struct State {
    /// The function's process, while it has not been waited for.
    pub(super) process: Option<Pid>,
    /// Counts the processes, so that the end of an old one is not taken for the end of a new one.
    pub(super) generation: u64,
    pub(super) life: Life,
    /// The type and message of what it has reported that it cannot start or come back for; it stays when it has ended.
    pub(super) failure: Option<(String, String)>,
    /// Ids of the invocations that nobody has taken yet.
    pub(super) queue: Vec<String>,
    pub(super) invocations: HashMap<String, Invocation>,
    /// Long polls that wait for an event.
    pub(super) polls: Vec<oneshot::Sender<Reply>>,
    pub(super) extensions: Vec<Extension>,
    pub(super) frozen: Option<Frozen>,
    /// How many calls have been prepared, which numbers their ids and delays.
    pub(super) invoked: u64,
    /// How many events have been handed over, which numbers the choices.
    pub(super) delivered: u64,
    pub(super) history: Vec<Record>,
    pub(super) violations: Vec<String>,
    /// How many polls have been answered with a fault.
    pub(super) failed_polls: u64,
}

/// Where the function is between its start and its end.
#[derive(Debug, Default)]
pub(super) enum Life {
    /// It has not asked for anything.
    #[default]
    Starting,
    /// It waits for its snapshot to be taken and restored.
    Snapshot(oneshot::Sender<Reply>),
    /// It was restored and has not asked for an event.
    Restored,
    /// It asks for events.
    Serving,
    /// It has reported that it cannot start or come back.
    Failed,
    /// Its process has ended.
    Ended,
}

/// A process that was stopped between two invocations.
pub(super) struct Frozen {
    pub(super) since: Instant,
    /// Whether somebody is about to let it go on.
    pub(super) thawing: bool,
}

impl Shared {
    pub(super) fn new(config: Builder, timers: Handle) -> Self {
        let seed = Seed::choose(config.seed);
        Self { config, seed, timers, state: Mutex::default(), changed: watch::Sender::new(()) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes who waits for a change.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.send_replace(());
        changed
    }

    /// Looks, after every change, until there is something to see.
    pub(super) async fn wait_for<T>(&self, what: &str, mut look: impl FnMut(&State) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        let looking = async {
            loop {
                if let Some(seen) = look(&self.lock()) {
                    return seen;
                }
                // The sender lives as long as `self`.
                let _ = changed.changed().await;
            }
        };
        match tokio::time::timeout(SOON, looking).await {
            Ok(seen) => seen,
            Err(_) => panic!("{what}: not within {SOON:?}\n{}", self.account()),
        }
    }

    /// Notes a request that was refused.
    pub(super) fn note_refusal(&self, request: &str, refusal: &Refusal) {
        let words = format!("{request}: {}", refusal.words());
        self.update(|state| {
            state.history.push(Record::Refused(words.clone()));
            state.violations.push(words);
        });
    }

    /// Whether the process of this generation has ended.
    pub(super) fn is_over(&self, generation: u64) -> bool {
        self.lock().is_over(generation)
    }

    /// The process has ended: nobody answers any more.
    pub(super) fn ended(&self, generation: u64) {
        self.update(|state| {
            if state.is_over(generation) {
                return;
            }
            state.life = Life::Ended;
            state.process = None;
            state.frozen = None;
            state.polls.clear();
            state.history.push(Record::Ended);
            state.queue.clear();
            for invocation in state.invocations.values_mut() {
                if matches!(invocation.stage, Stage::Queued | Stage::Delivered) {
                    invocation.end(Stage::Answered, Ok(Answer::Crashed));
                }
            }
        });
    }

    /// What happened so far, for a failing test.
    pub(super) fn account(&self) -> String {
        const SHOWN: usize = 40;
        let state = self.lock();
        let mut text = format!("seed {0} (again with {1}={0})\n", self.seed.number(), super::seed::VARIABLE);
        let hidden = state.history.len().saturating_sub(SHOWN);
        if hidden > 0 {
            text += &format!("  … {hidden} before\n");
        }
        for record in &state.history[hidden..] {
            text += &format!("  {record:?}\n");
        }
        text
    }
}

impl State {
    /// Sends a signal to the function's process, if there is one.
    pub(super) fn signal(&mut self, signal: Signal) {
        let Some(process) = self.process else { return };
        match signal {
            Signal::STOP => self.history.push(Record::Frozen),
            Signal::CONT => self.history.push(Record::Thawed),
            Signal::TERM => self.history.push(Record::Terminated),
            Signal::KILL => self.history.push(Record::Killed),
            _ => {}
        }
        // It has not been waited for, so the id is still its own. Fails only when it has ended.
        let _ = kill_process(process, signal);
    }

    /// Whether the process of this generation has ended.
    pub(super) fn is_over(&self, generation: u64) -> bool {
        self.generation != generation || matches!(self.life, Life::Ended)
    }

    /// Lets a stopped process go on.
    pub(super) fn thaw(&mut self) {
        if self.frozen.take().is_some() {
            self.signal(Signal::CONT);
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.invocations.values().filter(|invocation| invocation.stage == Stage::Delivered).count()
    }
}
