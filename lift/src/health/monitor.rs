use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::watch;

use super::mask::masked;
use super::{CheckKind, Health, Status};
use crate::clock::{Chance, Clock, Moment};
use crate::config::duration_text;
use crate::layer::panic_text;

/// The least age at which a result says nothing any more.
const STALE: Duration = Duration::from_secs(30);

/// The jitter of intervals, in percent: instances that start together do not check together for ever.
const JITTER: u32 = 10;

/// One named entry of the health report.
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) kind: Option<CheckKind>,
    pub(crate) critical: bool,
    pub(crate) timeout: Duration,
    /// How long a result is served again where nothing runs in the background.
    pub(crate) cache: Duration,
    /// How often it is looked at where something does.
    pub(crate) interval: Duration,
    /// Bad results in a row before the report says so.
    pub(crate) fail_after: u32,
    /// Good results in a row before the report says so.
    pub(crate) recover_after: u32,
    pub(crate) run: Box<dyn Fn() -> BoxFuture<'static, Health> + Send + Sync>,
}

/// A component with its last result.
struct Watched {
    component: Component,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is reported.
    last: Option<Checked>,
    /// Results in a row that say otherwise than the report.
    contrary: u32,
    running: Option<Running>,
    /// It takes most of its time; that was told.
    slow: bool,
}

/// What a check found, and when.
#[derive(Clone)]
pub(crate) struct Checked {
    pub(crate) health: Health,
    pub(crate) at: Moment,
    pub(crate) took: Duration,
}

#[derive(Clone)]
struct Running {
    since: Moment,
    done: watch::Receiver<Option<Checked>>,
}

/// What a report says of one component.
pub(crate) struct Finding<'a> {
    pub(crate) component: &'a Component,
    pub(crate) checked: Checked,
    /// How old that is.
    pub(crate) age: Duration,
}

/// Runs the checks: all at the same time, each under its own time-out, each at most once at a time however many
/// probes ask.
pub(crate) struct Monitor {
    components: Vec<Arc<Watched>>,
    clock: Clock,
    /// Tasks look at the components in their intervals, so that a probe is answered from what they found.
    watching: AtomicBool,
}

impl Monitor {
    pub(crate) fn new(components: Vec<Component>, clock: &Clock) -> Self {
        let watched = |component| Watched { component, clock: clock.clone(), state: Mutex::default() };
        Self {
            components: components.into_iter().map(|component| Arc::new(watched(component))).collect(),
            clock: clock.clone(),
            watching: AtomicBool::default(),
        }
    }

    /// The findings of the components that `wanted` picks.
    pub(crate) async fn findings(&self, wanted: impl Fn(&Component) -> bool) -> Vec<Finding<'_>> {
        let (watching, now) = (self.watching.load(Ordering::Acquire), self.clock.now());
        let wanted = self.components.iter().filter(|watched| wanted(&watched.component));
        let checked = join_all(
            wanted.map(|watched| async move { (&watched.component, watched.current(watching, now).await) }),
        );
        let checked = checked.await;
        let now = self.clock.now();
        let finding = |(component, checked): (_, Checked)| {
            let age = now.since(checked.at);
            Finding { component, checked, age }
        };
        checked.into_iter().map(finding).collect()
    }

    /// Looks at every component in its interval, until the monitor is dropped. Each has a task of its own, so that
    /// one that hangs holds up nobody.
    pub(crate) fn watch(&self) {
        self.watching.store(true, Ordering::Release);
        for watched in &self.components {
            let watched = Arc::downgrade(watched);
            tokio::spawn(async move {
                let chance = Chance::default();
                loop {
                    let Some(interval) = watched.upgrade().map(|watched| {
                        watched.refresh();
                        watched.component.interval
                    }) else {
                        return;
                    };
                    tokio::time::sleep(chance.shorten(interval, JITTER)).await;
                }
            });
        }
    }
}

/// The worst critical component decides; what is not critical can only degrade.
pub(crate) fn overall(findings: &[Finding<'_>]) -> Status {
    findings
        .iter()
        .map(|finding| match finding.checked.health.status {
            status if finding.component.critical => status,
            Status::Healthy => Status::Healthy,
            _ => Status::Degraded,
        })
        .max()
        .unwrap_or(Status::Healthy)
}

impl Watched {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What holds now: the last result while it is fresh, else that of the running check, which is started when there
    /// is none. Where tasks watch, a probe waits for nothing but the very first result.
    async fn current(self: &Arc<Self>, watching: bool, now: Moment) -> Checked {
        let last = {
            let state = self.state();
            let overdue = |running: &Running| now.since(running.since) > self.component.timeout;
            // Whether or not it comes back; a check that blocks its thread is judged here.
            if state.running.as_ref().is_some_and(overdue) {
                return self.timed_out(now);
            }
            state.last.clone()
        };
        if let Some(last) = last {
            let age = now.since(last.at);
            let fresh = if watching { STALE.max(self.component.interval * 3) } else { self.component.cache };
            if age < fresh {
                return last;
            }
            if watching {
                self.refresh();
                let text = format!("the last result is {} old", duration_text(age));
                let health = Health::new(Status::Unknown).message(text);
                return Checked { health, ..last };
            }
        }
        let mut done = self.refresh().done;
        // The check has its own time-out; this one decides when it blocks its thread or its task is gone.
        let waited = tokio::time::timeout(self.component.timeout, done.wait_for(Option::is_some)).await;
        match waited {
            Ok(Ok(checked)) => checked.clone().unwrap_or_else(|| self.timed_out(now)),
            Ok(Err(_)) | Err(_) => self.timed_out(now),
        }
    }

    /// The running check, which is started when there is none.
    fn refresh(self: &Arc<Self>) -> Running {
        let mut state = self.state();
        if let Some(running) = &state.running {
            return running.clone();
        }
        let (sender, done) = watch::channel(None);
        let running = Running { since: self.clock.now(), done };
        state.running = Some(running.clone());
        drop(state);
        tokio::spawn(self.clone().run(running.since, sender));
        running
    }

    async fn run(self: Arc<Self>, since: Moment, sender: watch::Sender<Option<Checked>>) {
        let check = AssertUnwindSafe(async { (self.component.run)().await }).catch_unwind();
        let checked = match tokio::time::timeout(self.component.timeout, check).await {
            Ok(found) => {
                let health = found.unwrap_or_else(|payload| {
                    Health::unhealthy(format!("the check panicked: {}", panic_text(&*payload)))
                });
                let at = self.clock.now();
                Checked { health, at, took: at.since(since) }
            }
            Err(_) => self.timed_out(self.clock.now()),
        };
        let took = checked.took;
        let (before, reported, slow) = {
            let mut state = self.state();
            state.running = None;
            let before = state.last.as_ref().map(|last| last.health.status);
            state.settle(checked, &self.component);
            let slow = took > self.component.timeout / 5 * 4;
            let told = std::mem::replace(&mut state.slow, slow);
            (before, state.last.clone(), slow && !told)
        };
        if slow {
            let (component, timeout) = (self.component.name.as_str(), self.component.timeout);
            tracing::warn!(component, ?took, ?timeout, "a health check takes most of its time-out");
        }
        if let Some(reported) = &reported {
            self.tell(before, &reported.health);
        }
        sender.send_replace(reported);
    }

    /// One log event for every change of a component's status.
    fn tell(&self, before: Option<Status>, now: &Health) {
        let before = before.unwrap_or(Status::Healthy);
        if before == now.status {
            return;
        }
        let component = self.component.name.as_str();
        let message = &*masked(now.message.as_deref().unwrap_or("-"));
        if now.status.is_up() {
            tracing::info!(component, %before, now = %now.status, message, "health changed");
        } else {
            tracing::warn!(component, %before, now = %now.status, message, "health changed");
        }
    }

    fn timed_out(&self, at: Moment) -> Checked {
        let took = self.component.timeout;
        Checked { health: Health::unhealthy(format!("timed out after {}", duration_text(took))), at, took }
    }
}

impl State {
    /// Takes a result over into the report, unless too few in a row say so.
    fn settle(&mut self, found: Checked, component: &Component) {
        if let Some(last) = &mut self.last {
            let up = found.health.status.is_up();
            let needed = if up { component.recover_after } else { component.fail_after };
            if up != last.health.status.is_up() && self.contrary + 1 < needed {
                self.contrary += 1;
                (last.at, last.took) = (found.at, found.took);
                return;
            }
        }
        self.contrary = 0;
        self.last = Some(found);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const CACHE: Duration = Duration::from_secs(1);

    fn component(
        name: &str,
        critical: bool,
        run: impl Fn() -> BoxFuture<'static, Health> + Send + Sync + 'static,
    ) -> Component {
        let timeout = Duration::from_millis(100);
        Component {
            name: name.to_owned(),
            kind: None,
            critical,
            timeout,
            cache: CACHE,
            interval: Duration::from_secs(5),
            fail_after: 1,
            recover_after: 1,
            run: Box::new(run),
        }
    }

    fn fixed(name: &str, critical: bool, status: Status) -> Component {
        component(name, critical, move || Box::pin(async move { Health::new(status) }))
    }

    async fn status(components: Vec<Component>) -> Status {
        overall(&Monitor::new(components, &Clock::held()).findings(|_| true).await)
    }

    #[tokio::test]
    async fn the_worst_critical_component_decides() {
        use Status::{Degraded, Healthy, Unhealthy, Unknown};
        for (critical, other, expected) in [
            (Healthy, Healthy, Healthy),
            (Healthy, Unhealthy, Degraded),
            (Healthy, Unknown, Degraded),
            (Unknown, Healthy, Unknown),
            (Degraded, Unhealthy, Degraded),
            (Unhealthy, Healthy, Unhealthy),
        ] {
            let components = vec![fixed("a", true, critical), fixed("b", false, other)];
            assert_eq!(status(components).await, expected, "{critical} {other}");
        }
        assert_eq!(status(Vec::new()).await, Healthy);
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_or_panics_is_unhealthy_and_nothing_else() {
        let components = vec![
            component("hangs", true, || Box::pin(std::future::pending())),
            component("panics", true, || Box::pin(async { std::panic::resume_unwind(Box::new("boom")) })),
            fixed("works", true, Status::Healthy),
        ];
        let monitor = Monitor::new(components, &Clock::held());
        let messages: Vec<_> =
            monitor.findings(|_| true).await.into_iter().map(|f| f.checked.health.message).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(messages, [text("timed out after 100ms"), text("the check panicked: boom"), None]);
    }

    #[tokio::test]
    async fn a_hundred_probes_run_a_check_once_per_cache_time() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counter = runs.clone();
        let counted = component("counted", true, move || {
            counter.fetch_add(1, Ordering::SeqCst);
            Box::pin(async {
                tokio::task::yield_now().await;
                Health::healthy()
            })
        });
        let clock = Clock::held();
        let monitor = Monitor::new(vec![counted], &clock);
        for expected in 1..=3 {
            join_all((0..100).map(|_| monitor.findings(|_| true))).await;
            assert_eq!(runs.load(Ordering::SeqCst), expected);
            clock.advance(CACHE);
        }
    }

    /// A component whose results are set from outside, and how often it was looked at.
    fn told(change: impl Fn(&mut Component)) -> (Monitor, Clock, Arc<Mutex<Health>>, Arc<AtomicUsize>) {
        let (health, looks) = (Arc::new(Mutex::new(Health::healthy())), Arc::new(AtomicUsize::new(0)));
        let (next, looked) = (health.clone(), looks.clone());
        let mut told = component("told", true, move || {
            looked.fetch_add(1, Ordering::SeqCst);
            let health = next.lock().unwrap().clone();
            Box::pin(async move { health })
        });
        change(&mut told);
        let clock = Clock::held();
        (Monitor::new(vec![told], &clock), clock, health, looks)
    }

    async fn now(monitor: &Monitor) -> Status {
        overall(&monitor.findings(|_| true).await)
    }

    #[tokio::test]
    async fn one_bad_result_is_no_failure_and_one_good_one_no_recovery() {
        let (monitor, clock, health, _) =
            told(|component| (component.fail_after, component.recover_after) = (3, 2));
        let mut seen = Vec::new();
        for good in [true, false, false, true, false, false, false, true, false, true, true] {
            *health.lock().unwrap() = if good { Health::healthy() } else { Health::unhealthy("away") };
            seen.push(now(&monitor).await == Status::Healthy);
            clock.advance(CACHE);
        }
        assert_eq!(seen, [true, true, true, true, true, true, false, false, false, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn where_tasks_watch_probes_only_read() {
        let (monitor, clock, _, looks) = told(|_| {});
        monitor.watch();
        for round in 1..=4 {
            for _ in 0..50 {
                assert_eq!(now(&monitor).await, Status::Healthy);
            }
            assert_eq!(looks.load(Ordering::SeqCst), round);
            clock.advance(Duration::from_secs(5));
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }

    #[tokio::test]
    async fn an_old_result_never_answers_for_now() {
        let (monitor, clock, _, looks) = told(|_| {});
        assert_eq!(now(&monitor).await, Status::Healthy);
        // As on Lambda: looked at again.
        clock.freeze(Duration::from_secs(3600));
        assert_eq!((now(&monitor).await, looks.load(Ordering::SeqCst)), (Status::Healthy, 2));
        // As in a container that stood still: nobody knows, until the task has looked.
        monitor.watching.store(true, Ordering::Release);
        clock.freeze(Duration::from_secs(3600));
        assert_eq!(now(&monitor).await, Status::Unknown);
        tokio::task::yield_now().await;
        assert_eq!(now(&monitor).await, Status::Healthy);
    }

    #[tokio::test]
    async fn a_check_that_blocks_its_thread_is_judged_by_whoever_asks() {
        let (monitor, clock, _, _) =
            told(|component| component.run = Box::new(|| Box::pin(std::future::pending())));
        let watched = &monitor.components[0];
        watched.state().last =
            Some(Checked { health: Health::healthy(), at: clock.now(), took: Duration::ZERO });
        watched.refresh();
        assert_eq!(now(&monitor).await, Status::Healthy);
        clock.advance(Duration::from_millis(101));
        assert_eq!(now(&monitor).await, Status::Unhealthy);
    }
}
