use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::watch;

use super::{CheckKind, Health, Status};
use crate::clock::{Clock, Moment};
use crate::config::duration_text;
use crate::layer::panic_text;

/// How long a result is served again before the check runs anew.
const CACHE: Duration = Duration::from_secs(1);

/// One named entry of the health report.
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) kind: Option<CheckKind>,
    pub(crate) critical: bool,
    pub(crate) timeout: Duration,
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
    last: Option<(Health, Moment)>,
    running: Option<watch::Receiver<Option<Health>>>,
}

/// What a report says of one component.
pub(crate) struct Finding<'a> {
    pub(crate) component: &'a Component,
    pub(crate) health: Health,
}

/// Runs the checks: all at the same time, each under its own time-out, each at most once at a time however many
/// probes ask.
pub(crate) struct Monitor(Vec<Arc<Watched>>);

impl Monitor {
    pub(crate) fn new(components: Vec<Component>, clock: &Clock) -> Self {
        let watched = |component| Watched { component, clock: clock.clone(), state: Mutex::default() };
        Self(components.into_iter().map(|component| Arc::new(watched(component))).collect())
    }

    /// The findings of the components that `wanted` picks.
    pub(crate) async fn findings(&self, wanted: impl Fn(&Component) -> bool) -> Vec<Finding<'_>> {
        let wanted = self.0.iter().filter(|watched| wanted(&watched.component));
        join_all(wanted.map(|watched| async move {
            Finding { component: &watched.component, health: watched.current().await }
        }))
        .await
    }
}

/// The worst critical component decides; what is not critical can only degrade.
pub(crate) fn overall(findings: &[Finding<'_>]) -> Status {
    findings
        .iter()
        .map(|finding| match finding.health.status {
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

    /// The last result while it is fresh, else that of the running check, which is started when there is none.
    async fn current(self: &Arc<Self>) -> Health {
        let mut running = {
            let mut state = self.state();
            if let Some((health, at)) = &state.last
                && self.clock.now().since(*at) < CACHE
            {
                return health.clone();
            }
            match &state.running {
                Some(running) => running.clone(),
                None => {
                    let (sender, running) = watch::channel(None);
                    state.running = Some(running.clone());
                    tokio::spawn(self.clone().run(sender));
                    running
                }
            }
        };
        // The check has its own time-out; this one decides when it blocks its thread or its task is gone.
        let waited = tokio::time::timeout(self.component.timeout, running.wait_for(Option::is_some)).await;
        match waited {
            Ok(Ok(health)) => health.clone().unwrap_or_else(|| self.timed_out()),
            Ok(Err(_)) | Err(_) => self.timed_out(),
        }
    }

    async fn run(self: Arc<Self>, sender: watch::Sender<Option<Health>>) {
        let check = AssertUnwindSafe((self.component.run)()).catch_unwind();
        let health = match tokio::time::timeout(self.component.timeout, check).await {
            Ok(Ok(health)) => health,
            Ok(Err(payload)) => Health::unhealthy(format!("the check panicked: {}", panic_text(&*payload))),
            Err(_) => self.timed_out(),
        };
        let before = {
            let mut state = self.state();
            state.running = None;
            state.last.replace((health.clone(), self.clock.now())).map(|(health, _)| health.status)
        };
        self.tell(before, &health);
        sender.send_replace(Some(health));
    }

    /// One log event for every change of a component's status.
    fn tell(&self, before: Option<Status>, now: &Health) {
        let before = before.unwrap_or(Status::Healthy);
        if before == now.status {
            return;
        }
        let (component, message) = (self.component.name.as_str(), now.message.as_deref().unwrap_or("-"));
        if now.status.is_up() {
            tracing::info!(component, %before, now = %now.status, message, "health changed");
        } else {
            tracing::warn!(component, %before, now = %now.status, message, "health changed");
        }
    }

    fn timed_out(&self) -> Health {
        Health::unhealthy(format!("timed out after {}", duration_text(self.component.timeout)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn component(
        name: &str,
        critical: bool,
        run: impl Fn() -> BoxFuture<'static, Health> + Send + Sync + 'static,
    ) -> Component {
        let timeout = Duration::from_millis(100);
        Component { name: name.to_owned(), kind: None, critical, timeout, run: Box::new(run) }
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
            monitor.findings(|_| true).await.into_iter().map(|f| f.health.message).collect();
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
}
