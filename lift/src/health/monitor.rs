//! Runs the checks, keeps what they found and judges those that do not come back.

mod attempt;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::runtime::Handle;
use tokio::sync::watch;

use self::attempt::Attempt;
use super::heartbeat::Heartbeat;
use super::{CheckSettings, Health, Status};
use crate::clock::{Chance, Clock, Moment};
use crate::config::duration_text;
use crate::error::masked_beginning;
use crate::telemetry::dismiss;

/// The least age at which a result says nothing any more.
const STALE: Duration = Duration::from_secs(30);

/// What a probe waits beyond a check's time-out for the check's own task to say so.
const GRACE: Duration = Duration::from_millis(20);

/// The most of a panic's text that is logged, in bytes.
const CAUSE: usize = 1024;

/// The jitter of intervals, in percent: instances that start together do not check together for ever.
const JITTER: u32 = 10;

/// One named entry of the health report.
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) settings: CheckSettings,
    pub(crate) run: Box<dyn Fn() -> BoxFuture<'static, Health> + Send + Sync>,
}

/// A component with its last result.
pub(crate) struct Watched {
    pub(crate) component: Component,
    common: Arc<Common>,
    state: Mutex<State>,
}

/// What all components share.
struct Common {
    clock: Clock,
    /// How often a component is looked at that does not say.
    interval: Duration,
    /// Where checks run, whichever thread a probe comes to.
    runtime: OnceLock<Handle>,
    /// Tasks look at the components in their intervals, and a probe is answered from what they found.
    watching: AtomicBool,
    /// The setting `log.unmasked_errors`.
    unmasked: AtomicBool,
}

impl Common {
    fn is_watching(&self) -> bool {
        self.watching.load(Ordering::Acquire)
    }
}

#[derive(Default)]
struct State {
    /// What is reported.
    last: Option<Arc<Checked>>,
    /// Results in a row that say otherwise than the report.
    contrary: u32,
    running: Option<Running>,
    /// How many runs have ended: one that ends between two looks of a probe is not to be started again.
    ended: u64,
    /// The last run took most of its time; that was told.
    slow: bool,
}

/// What a check found, and when.
#[derive(Clone)]
pub(crate) struct Checked {
    pub(crate) health: Health,
    pub(crate) at: Moment,
    pub(crate) took: Duration,
    /// What only the log may know.
    cause: Option<String>,
}

#[derive(Clone)]
struct Running {
    since: Moment,
    /// When it was found to be past its time-out, at last; the report says so.
    judged: Option<Moment>,
    done: watch::Receiver<Option<Arc<Checked>>>,
}

/// What a report says of one component.
pub(crate) struct Finding {
    pub(crate) watched: Arc<Watched>,
    pub(crate) checked: Arc<Checked>,
    /// How old that is.
    pub(crate) age: Duration,
}

impl Finding {
    /// What it counts for: what is not critical can only degrade.
    pub(crate) fn weight(&self) -> Status {
        match self.checked.health.status {
            status if self.watched.component.settings.critical => status,
            Status::Healthy => Status::Healthy,
            _ => Status::Degraded,
        }
    }
}

/// Runs the checks: all at the same time, each under its own time-out, each at most once at a time however many
/// probes ask.
pub(crate) struct Monitor {
    watched: RwLock<Vec<Arc<Watched>>>,
    common: Arc<Common>,
    pub(crate) heartbeat: Arc<Heartbeat>,
}

impl Monitor {
    pub(crate) fn new(clock: &Clock, interval: Duration) -> Self {
        Self {
            watched: RwLock::default(),
            common: Arc::new(Common {
                clock: clock.clone(),
                interval,
                runtime: OnceLock::new(),
                watching: AtomicBool::new(false),
                unmasked: AtomicBool::new(false),
            }),
            heartbeat: Arc::new(Heartbeat::new(clock)),
        }
    }

    /// Writes the whole text of errors to the log.
    pub(crate) fn unmask(&self) {
        self.common.unmasked.store(true, Ordering::Relaxed);
    }

    /// Adds a component; gives its name back when there is one of this name.
    pub(crate) fn add(&self, component: Component) -> Result<(), String> {
        let mut all = self.watched.write().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|other| other.component.name == component.name) {
            // The check is dropped on return, with nothing locked.
            drop(all);
            return Err(component.name);
        }
        let watched = Arc::new(Watched { component, common: self.common.clone(), state: Mutex::default() });
        if let (true, Some(runtime)) = (self.common.is_watching(), self.common.runtime.get()) {
            watched.watch(runtime);
        }
        all.push(watched);
        Ok(())
    }

    /// Forgets a component; `false` when there is none of this name.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let removed = {
            let mut all = self.watched.write().unwrap_or_else(PoisonError::into_inner);
            let index = all.iter().position(|watched| watched.component.name == name);
            index.map(|index| all.remove(index))
        };
        // It is dropped here, with nothing locked: a check's `Drop` may ask for the health.
        removed.is_some()
    }

    /// The components that `wanted` picks.
    pub(crate) fn components(&self, wanted: impl Fn(&Component) -> bool) -> Vec<Arc<Watched>> {
        let all = self.watched.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|watched| wanted(&watched.component)).cloned().collect()
    }

    /// What is known of the components that `wanted` picks. Where tasks watch them, it waits for nothing but the very
    /// first results; elsewhere for the checks whose result is too old.
    pub(crate) async fn findings(&self, wanted: impl Fn(&Component) -> bool) -> Vec<Finding> {
        let now = self.common.clock.now();
        let known = |watched: Arc<Watched>| {
            let ended = watched.state().ended;
            let checked = watched.known(now);
            (watched, checked, ended)
        };
        let mut found: Vec<_> = self.components(wanted).into_iter().map(known).collect();
        let missing = found.iter_mut().filter(|(_, checked, _)| checked.is_none());
        let looks = missing.map(|(watched, checked, ended)| async move {
            *checked = Some(watched.look(*ended).await);
        });
        join_all(looks).await;
        let now = self.common.clock.now();
        let finding = |(watched, checked, _): (_, Option<Arc<Checked>>, u64)| {
            let checked = checked?;
            let age = now.since(checked.at);
            Some(Finding { watched, checked, age })
        };
        found.into_iter().filter_map(finding).collect()
    }

    /// Runs all checks on this runtime from now on. A listener with a runtime of its own must not get them.
    pub(crate) fn run_here(&self) {
        self.common.runtime.get_or_init(Handle::current);
    }

    /// Looks at every component in its interval, until the monitor is dropped. Each has a task of its own, so that
    /// one that hangs holds up nobody.
    pub(crate) fn watch(&self) {
        let all = self.watched.read().unwrap_or_else(PoisonError::into_inner);
        let runtime = self.common.runtime.get_or_init(Handle::current);
        if self.common.watching.swap(true, Ordering::AcqRel) {
            return;
        }
        self.heartbeat.start(runtime);
        for watched in all.iter() {
            watched.watch(runtime);
        }
    }
}

/// The worst critical component decides; what is not critical can only degrade.
pub(crate) fn overall(findings: &[Finding]) -> Status {
    findings.iter().map(Finding::weight).max().unwrap_or(Status::Healthy)
}

impl Watched {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn interval(&self) -> Duration {
        self.component.settings.interval.unwrap_or(self.common.interval)
    }

    fn is_overdue(&self, running: &Running, now: Moment) -> bool {
        now.since(running.since) > self.component.settings.timeout
    }

    fn watch(self: &Arc<Self>, runtime: &Handle) {
        let watched = Arc::downgrade(self);
        runtime.spawn(async move {
            let chance = Chance::default();
            loop {
                let Some(interval) = watched.upgrade().map(|watched| {
                    // What a change of health is told to is not lift's.
                    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| watched.turn())) {
                        dismiss(payload);
                    }
                    watched.interval()
                }) else {
                    return;
                };
                tokio::time::sleep(chance.shorten(interval, JITTER)).await;
            }
        });
    }

    /// What a task does in each interval: starts the check, or counts it as failed once more while it does not return.
    fn turn(self: &Arc<Self>) {
        let (now, half) = (self.common.clock.now(), self.interval() / 2);
        // Probes during the start have looked already.
        let fresh = || self.state().last.as_ref().is_some_and(|last| now.since(last.at) < half);
        if !self.judge(now, Some(half)) && !fresh() {
            self.refresh();
        }
    }

    /// Whether the running check is past its time-out: then it has failed, whether or not it comes back. That counts
    /// once, and once more each time that it was last counted longer ago than `again`.
    fn judge(&self, now: Moment, again: Option<Duration>) -> bool {
        let mut state = self.state();
        let Some(running) = state.running.as_mut().filter(|running| self.is_overdue(running, now)) else {
            return false;
        };
        let counts = match running.judged {
            None => true,
            Some(last) => again.is_some_and(|again| now.since(last) > again),
        };
        if counts {
            running.judged = Some(now);
            drop(state);
            self.record(self.timed_out(now));
        }
        true
    }

    /// What holds now without waiting: the last result while it is fresh.
    fn known(self: &Arc<Self>, now: Moment) -> Option<Arc<Checked>> {
        // One that blocks its thread is judged here.
        if self.judge(now, None) {
            return self.state().last.clone();
        }
        let last = self.state().last.clone()?;
        let (age, settings) = (now.since(last.at), &self.component.settings);
        if !self.common.is_watching() {
            return (age < settings.cache).then_some(last);
        }
        if age < STALE.max(self.interval() * 3) {
            return Some(last);
        }
        self.refresh();
        let text = format!("the last result is {} old", duration_text(age));
        let health = Health::new(Status::Unknown).message(text);
        Some(Arc::new(Checked { health, at: last.at, took: last.took, cause: None }))
    }

    /// Waits for the running check, which is started when none is running and none has ended since there were so many.
    async fn look(self: &Arc<Self>, ended: u64) -> Arc<Checked> {
        let mut done = match self.start_since(ended) {
            Ok(running) => running.done,
            Err(ended) => return ended,
        };
        // The check has its own time-out; this one decides when it blocks its thread or its task is gone.
        let waiting = done.wait_for(Option::is_some);
        let found = match tokio::time::timeout(self.component.settings.timeout + GRACE, waiting).await {
            Ok(Ok(checked)) => checked.clone(),
            Ok(Err(_)) | Err(_) => None,
        };
        found.unwrap_or_else(|| {
            let now = self.common.clock.now();
            let judged = if self.judge(now, None) { self.state().last.clone() } else { None };
            judged.unwrap_or_else(|| Arc::new(self.timed_out(now)))
        })
    }

    /// Starts the check unless it is running.
    fn refresh(self: &Arc<Self>) {
        let ended = self.state().ended;
        drop(self.start_since(ended));
    }

    /// The running check, which is started when there is none; or what one has found that has ended meanwhile.
    fn start_since(self: &Arc<Self>, ended: u64) -> Result<Running, Arc<Checked>> {
        let mut state = self.state();
        if let Some(running) = &state.running {
            return Ok(running.clone());
        }
        if let Some(last) = state.last.as_ref().filter(|_| state.ended > ended) {
            return Err(last.clone());
        }
        let (sender, done) = watch::channel(None);
        let running = Running { since: self.common.clock.now(), judged: None, done };
        state.running = Some(running.clone());
        drop(state);
        let run = Run { watched: self.clone(), found: None, sender }.until_end(running.since);
        match self.common.runtime.get() {
            Some(runtime) => runtime.spawn(run),
            None => tokio::spawn(run),
        };
        Ok(running)
    }

    /// Takes a result over into the report and tells when that changes its status.
    fn record(&self, checked: Checked) {
        let (before, now) = self.settle(checked);
        self.tell(before, &now);
    }

    /// Takes a result over into the report: the status before, if there was one, and what is reported now.
    fn settle(&self, checked: Checked) -> (Option<Status>, Arc<Checked>) {
        let mut state = self.state();
        let before = state.last.as_ref().map(|last| last.health.status);
        (before, state.settle(checked, &self.component.settings))
    }

    /// One log event and one metric for every change of a component's status. The first result is not a change; it is logged when
    /// it is not healthy.
    fn tell(&self, before: Option<Status>, checked: &Checked) {
        let (component, now) = (self.component.name.as_str(), checked.health.status);
        let why = checked.cause.as_deref().or(checked.health.message.as_deref()).unwrap_or("-");
        let Some(before) = before else {
            match now {
                Status::Healthy => {}
                now if now.is_up() => tracing::info!(component, %now, why, "not healthy at the first look"),
                now => tracing::warn!(component, %now, why, "not healthy at the first look"),
            }
            return;
        };
        if now == before {
            return;
        }
        metrics::counter!("lift_health_changes_total", "component" => component.to_owned(), "status" => now.as_str())
            .increment(1);
        if now.is_up() {
            tracing::info!(component, %before, %now, why, "health changed");
        } else {
            tracing::warn!(component, %before, %now, why, "health changed");
        }
    }

    fn timed_out(&self, at: Moment) -> Checked {
        let took = self.component.settings.timeout;
        let health = Health::unhealthy(format!("timed out after {}", duration_text(took)));
        Checked { health, at, took, cause: None }
    }
}

/// A run of a check. However its task ends, the run has ended: nothing that a check does keeps it from running again.
struct Run {
    watched: Arc<Watched>,
    /// What is reported at its end.
    found: Option<Arc<Checked>>,
    sender: watch::Sender<Option<Arc<Checked>>>,
}

impl Run {
    async fn until_end(mut self, since: Moment) {
        let watched = self.watched.clone();
        let timeout = watched.component.settings.timeout;
        let mut attempt = {
            let watched = watched.clone();
            Attempt::new(Box::pin(async move { (watched.component.run)().await }))
        };
        let found = tokio::time::timeout(timeout, &mut attempt).await;
        attempt.abandon();
        let at = watched.common.clock.now();
        let took = at.since(since);
        let checked = match found {
            Ok(Ok(mut health)) if took <= timeout => {
                let cause = health.take_whole().filter(|_| watched.common.unmasked.load(Ordering::Relaxed));
                Checked { health: health.fitted(), at, took, cause }
            }
            Ok(Err(panic)) => {
                let cause = Some(masked_beginning(&panic.text, CAUSE));
                Checked { health: Health::unhealthy("the check panicked"), at, took, cause }
            }
            // It may have blocked its thread and come back late.
            Ok(Ok(_)) | Err(_) => watched.timed_out(at),
        };
        let slow = took > timeout / 5 * 4;
        let (judged, slow) = {
            let mut state = watched.state();
            // Whoever judges from now on comes too late.
            let judged = state.running.as_mut().is_some_and(|running| running.judged.replace(at).is_some());
            let last = if judged { state.last.clone() } else { None };
            let told = std::mem::replace(&mut state.slow, slow);
            (last, slow && !told)
        };
        let (before, now) = match judged {
            Some(last) => (Some(last.health.status), last),
            None => watched.settle(checked),
        };
        // Before it is told: whoever is told may panic.
        self.found = Some(now.clone());
        if slow {
            let component = watched.component.name.as_str();
            tracing::warn!(component, ?took, ?timeout, "a health check takes most of its time-out");
        }
        watched.tell(before, &now);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        {
            // Only now, so that whoever finds nothing running finds the result.
            let mut state = self.watched.state();
            state.running = None;
            state.ended += 1;
        }
        if let Some(found) = self.found.take() {
            self.sender.send_replace(Some(found));
        }
    }
}

impl State {
    /// Takes a result over into the report, unless too few in a row say so.
    fn settle(&mut self, found: Checked, settings: &CheckSettings) -> Arc<Checked> {
        let up = found.health.status.is_up();
        let needed = if up { settings.recover_after } else { settings.fail_after };
        let now = match &self.last {
            Some(last) if up != last.health.status.is_up() && self.contrary + 1 < needed => {
                self.contrary += 1;
                Checked { at: found.at, took: found.took, ..Checked::clone(last) }
            }
            _ => {
                self.contrary = 0;
                found
            }
        };
        self.last.insert(Arc::new(now)).clone()
    }
}

#[cfg(test)]
mod tests;
