//! A client that all callers share: opened once, by a task of its own for which every caller waits.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::PoolError;
use super::breaker::Breaker;
use super::connecting::Opener;
use super::core::deadline;
use super::error::Cause;
use super::settings::ClientSettings;
use super::shared::Open;
use crate::clock::{Chance, Clock, Deadline};
use crate::config::duration_text;
use crate::error::{BoxError, logged};
use crate::layer::Caught;
use crate::resource::{Judgement, Managed, Resource, ResourceSpec, Warm};

pub(super) struct Client<R: Resource> {
    spec: ResourceSpec,
    settings: ClientSettings,
    opener: Opener<R>,
    clock: Clock,
    chance: Chance,
    state: Mutex<State<R>>,
    /// Something that callers wait for has changed: it is open, an attempt has ended, it is closed.
    changed: Notify,
    /// For the task that opens it.
    this: Weak<Self>,
}

struct State<R> {
    client: Option<Arc<R>>,
    /// Whether a task opens it. There is one at most.
    opening: bool,
    task: Option<AbortHandle>,
    /// How often it was shut: an attempt that began before is too late.
    shut: u64,
    /// How many attempts have failed.
    failures: u64,
    breaker: Breaker,
    /// What the last attempt that failed said, until one works.
    last: Option<Cause>,
    initialized: bool,
    closed: bool,
}

/// What a caller finds.
enum Found<R> {
    Open(Arc<R>),
    /// A task opens it; so many attempts had failed before.
    Opening(u64),
    Refused(PoolError),
}

impl<R: Resource + Clone + Sync> Client<R> {
    pub(super) fn new(
        spec: ResourceSpec,
        settings: ClientSettings,
        opener: Opener<R>,
        clock: Clock,
    ) -> Arc<Self> {
        let state = State {
            client: None,
            opening: false,
            task: None,
            shut: 0,
            failures: 0,
            breaker: Breaker::new(settings.longest_break),
            last: None,
            initialized: false,
            closed: false,
        };
        Arc::new_cyclic(|this| Self {
            spec,
            settings,
            opener,
            clock,
            chance: Chance::default(),
            state: Mutex::new(state),
            changed: Notify::new(),
            this: this.clone(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the attempt that is under way, or for one that begins now; for `limit` at most.
    async fn within(&self, limit: Duration) -> Result<R, PoolError> {
        let deadline = deadline(Instant::now(), limit);
        let mut waited_since = None;
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let failures = match self.look(waited_since) {
                Found::Open(client) => return Ok((*client).clone()),
                Found::Refused(error) => return Err(error),
                Found::Opening(failures) => failures,
            };
            if timeout_at(deadline, changed).await.is_err() {
                return Err(self.timed_out(limit));
            }
            waited_since.get_or_insert(failures);
        }
    }

    /// Looks for the client, and has it opened when nobody does so yet and the breaker lets an attempt through. A caller
    /// that has waited is told when an attempt has failed since then.
    fn look(&self, waited_since: Option<u64>) -> Found<R> {
        let pool = self.spec.name;
        let (Some(this), Ok(runtime)) = (self.this.upgrade(), Handle::try_current()) else {
            return Found::Refused(PoolError::Closed { pool });
        };
        let (failures, shut) = {
            let mut state = self.state();
            if state.closed {
                return Found::Refused(PoolError::Closed { pool });
            }
            if let Some(client) = &state.client {
                return Found::Open(client.clone());
            }
            if let (Some(before), Some(source)) = (waited_since, &state.last)
                && state.failures > before
            {
                return Found::Refused(PoolError::Connect { pool, source: source.clone().into() });
            }
            if state.opening {
                return Found::Opening(state.failures);
            }
            if let Some(retry_after) = state.breaker.retry_after(self.clock.now())
                && let Some(source) = state.last.clone()
            {
                return Found::Refused(PoolError::BreakerOpen { pool, retry_after, source });
            }
            state.opening = true;
            (state.failures, state.shut)
        };
        // A runtime that is ending drops the task at once, and it finds nothing locked.
        let task = runtime.spawn(Attempt { client: this, shut }.run()).abort_handle();
        let mut state = self.state();
        if state.closed {
            task.abort();
        }
        state.task = Some(task);
        Found::Opening(failures)
    }

    fn timed_out(&self, limit: Duration) -> PoolError {
        let pool = self.spec.name;
        let source = match self.state().last.clone() {
            Some(cause) => cause.into(),
            None => format!("it was not open within {}", duration_text(limit)).into(),
        };
        PoolError::Connect { pool, source }
    }

    /// Keeps what an attempt has opened; gives it back when it comes too late.
    fn opened(&self, client: R, shut: u64) -> Option<R> {
        let recovered = {
            let mut state = self.state();
            if state.shut != shut {
                return Some(client);
            }
            state.client = Some(Arc::new(client));
            let was_open = std::mem::replace(&mut state.initialized, true);
            state.last = None;
            state.breaker.succeeded() && was_open
        };
        if recovered {
            tracing::info!(client = self.spec.name, "it could be opened again; the breaker is closed");
        }
        None
    }

    fn failed(&self, error: BoxError) {
        let cause = Cause::new(error);
        let broke = {
            let mut state = self.state();
            state.last = Some(cause.clone());
            state.failures += 1;
            // Before it was open for the first time, whoever wants it tells why it cannot be had.
            state.breaker.failed(self.clock.now(), &self.chance) && state.initialized
        };
        if broke {
            tracing::warn!(
                client = self.spec.name,
                error = logged(&cause),
                "it cannot be opened; the breaker is open"
            );
        }
    }

    /// Ends an attempt that is under way, and closes the client. An attempt that blocks its thread is waited for as long as
    /// a cleanup is; what it opens afterwards it closes itself.
    async fn shut(&self) {
        let deadline = deadline(Instant::now(), self.settings.cleanup_timeout);
        self.state().shut += 1;
        let client = loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            {
                let mut state = self.state();
                if !state.opening {
                    break state.client.take();
                }
                if let Some(task) = &state.task {
                    task.abort();
                }
            }
            if timeout_at(deadline, changed).await.is_err() {
                break None;
            }
        };
        if let Some(client) = client {
            self.clean_up(Arc::try_unwrap(client).unwrap_or_else(|shared| (*shared).clone())).await;
        }
    }

    async fn clean_up(&self, client: R) {
        match timeout(self.settings.cleanup_timeout, Caught::new(Box::pin(client.cleanup()))).await {
            Ok(Ok(())) => {}
            // The panic hook has told the rest.
            Ok(Err(_)) => tracing::warn!(client = self.spec.name, "its cleanup panicked"),
            Err(_) => tracing::warn!(client = self.spec.name, "its cleanup did not end in time"),
        }
    }
}

/// One attempt to open it. Should its task be dropped, because its runtime ends, those who wait elsewhere start another.
struct Attempt<R: Resource + Clone + Sync> {
    client: Arc<Client<R>>,
    /// [`State::shut`] when it began.
    shut: u64,
}

impl<R: Resource + Clone + Sync> Attempt<R> {
    async fn run(self) {
        let client = &self.client;
        let ClientSettings { connect_timeout, cleanup_timeout, .. } = client.settings;
        match client.opener.open(client.spec.name, connect_timeout, cleanup_timeout).await {
            Ok(opened) => {
                if let Some(too_late) = client.opened(opened, self.shut) {
                    // In a task of its own: this one has been aborted.
                    let client = client.clone();
                    tokio::spawn(async move { client.clean_up(too_late).await });
                }
            }
            Err(error) => client.failed(error),
        }
    }
}

impl<R: Resource + Clone + Sync> Drop for Attempt<R> {
    fn drop(&mut self) {
        {
            let mut state = self.client.state();
            (state.opening, state.task) = (false, None);
        }
        self.client.changed.notify_waiters();
    }
}

impl<R: Resource + Clone + Sync> Open<R> for Client<R> {
    fn get(&self, deadline: Deadline) -> BoxFuture<'_, Result<R, PoolError>> {
        let wait = self.settings.wait;
        let limit = deadline.remaining().map_or(wait, |left| wait.min(left / 2));
        Box::pin(self.within(limit))
    }
}

impl<R: Resource + Clone + Sync> Managed for Client<R> {
    fn spec(&self) -> &ResourceSpec {
        &self.spec
    }

    fn warm(&self) -> Warm {
        self.settings.warm
    }

    fn describe(&self) -> String {
        "one shared client".to_owned()
    }

    fn initialized(&self) -> bool {
        self.state().initialized
    }

    fn start(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async move {
            if self.settings.warm != Warm::Lazy {
                self.within(self.settings.wait).await?;
            }
            Ok(())
        })
    }

    fn try_again(&self) {
        self.state().breaker.half_open();
    }

    /// The service is not ready before a required client has been opened, so that no caller will ask for it.
    fn maintain(&self) {
        if self.settings.warm == Warm::Required && !self.initialized() && Handle::try_current().is_ok() {
            drop(self.look(None));
        }
    }

    fn check(&self, within: Duration) -> BoxFuture<'_, Result<Judgement, BoxError>> {
        Box::pin(async move {
            let mut client = self.within(self.settings.wait.min(within / 2)).await?;
            client.health_check().await.map_err(Into::into)?;
            Ok(Judgement::Working)
        })
    }

    fn empty(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.shut())
    }

    fn refuse(&self) {
        let task = {
            let mut state = self.state();
            state.closed = true;
            state.task.take()
        };
        if let Some(task) = task {
            task.abort();
        }
        self.changed.notify_waiters();
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.refuse();
            self.shut().await;
        })
    }
}
