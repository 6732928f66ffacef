use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::process::Signal;
use tokio::sync::oneshot;

use super::shared::Shared;
use super::{Builder, Event, Invoke, Record};
use crate::ports;

/// The running double. [`finish`](Self::finish) ends it and tells whether the function kept to the rules; a test that
/// forgets to ask fails.
pub struct RuntimeApi {
    pub(super) shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
    looked: bool,
}

impl RuntimeApi {
    /// What can be configured.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn start(config: Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let shared = Arc::new(Shared::new(config, runtime.handle().clone()));
        let (listener, address) = ports::hold();
        listener.set_nonblocking(true).expect("a non-blocking listener");
        let (stop, stopped) = oneshot::channel();
        let serving = super::server::serve(listener, shared.clone(), stopped);
        let server = thread::spawn(move || runtime.block_on(serving));
        Self { shared, address, stop: Some(stop), server: Some(server), looked: false }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The seed of this run.
    pub fn seed(&self) -> u64 {
        self.shared.seed.number()
    }

    /// Prepares a call of the function; `.await` makes it. An event waits until the function has started.
    pub fn invoke(&self, event: impl Event) -> Invoke {
        let shared = self.shared.clone();
        let number = shared.update(|state| {
            state.invoked += 1;
            state.invoked
        });
        Invoke {
            number,
            request_id: shared.seed.uuid("request", number),
            event: event.into_bytes(),
            timeout: shared.config.timeout,
            trace_id: None,
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            shared,
        }
    }

    /// What has happened so far.
    pub fn history(&self) -> Vec<Record> {
        self.shared.lock().history.clone()
    }

    /// How often something has happened so far.
    pub fn count(&self, what: impl Fn(&Record) -> bool) -> usize {
        self.shared.lock().history.iter().filter(|record| what(record)).count()
    }

    /// Waits until something has happened so many times.
    ///
    /// # Panics
    ///
    /// When it does not within [`SOON`](crate::deadline::SOON).
    pub async fn wait_for(&self, what: &str, times: usize, is: impl Fn(&Record) -> bool) {
        let often_enough = |state: &super::shared::State| {
            (state.history.iter().filter(|record| is(record)).count() >= times).then_some(())
        };
        self.shared.wait_for(what, often_enough).await;
    }

    /// The rules that the function has broken so far, which [`finish`](Self::finish) then does not find; for tests that
    /// make it break them.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().violations)
    }

    /// Kills what still runs, and tells whether the function kept to the rules.
    ///
    /// # Panics
    ///
    /// When it did not.
    pub fn finish(mut self) {
        self.looked = true;
        self.shared.update(|state| state.signal(Signal::KILL));
        let violations = self.take_violations();
        if !violations.is_empty() {
            panic!("the function broke the rules:\n  {}\n{}", violations.join("\n  "), self.shared.account());
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let served = server.join();
            if served.is_err() && !thread::panicking() {
                panic!("the double itself has panicked; its message is above");
            }
        }
        if thread::panicking() {
            if !self.looked {
                eprintln!("--- the Runtime API's side: {}---", self.shared.account());
            }
        } else if !self.looked {
            panic!(
                "nobody asked whether the function kept to the rules: call `finish` at the end of the test"
            );
        }
    }
}
