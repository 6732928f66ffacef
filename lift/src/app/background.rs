//! Functions that run beside the handlers for as long as the service does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::start::Start;
use crate::clock::{Chance, Deadline};
use crate::config::duration_text;
use crate::error::{self, BoxError, boxed};
use crate::health::{CheckSettings, Health, HealthCheck};
use crate::layer::{discard, fence};
use crate::resource::{Context, Resources};

/// How long the first failure in a row waits; each one after it twice as long.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait, and how long a function has to run to begin with the first one again.
const LONGEST: Duration = Duration::from_secs(60);

/// A function that runs in the background.
pub(super) struct Background {
    pub(super) name: &'static str,
    pub(super) function: Start,
    stage: Arc<Mutex<Stage>>,
}

/// What a function in the background does.
enum Stage {
    /// It is not run here, as on Lambda.
    Idle,
    Running,
    /// It has said that it is done.
    Done,
    /// It has failed so often in a row, the last time with this, and runs again after a while.
    Failed(u32, String),
}

impl Background {
    pub(super) fn new(name: &'static str, function: Start) -> Self {
        Self { name, function, stage: Arc::new(Mutex::new(Stage::Idle)) }
    }

    /// What tells its health.
    pub(super) fn check(&self) -> impl HealthCheck {
        Check { name: self.name, stage: self.stage.clone() }
    }

    fn set(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// Runs it until it is done, again and again where it fails.
    async fn supervise(&self, resources: Arc<Resources>) {
        let (chance, mut wait, mut failures) = (Chance::default(), FIRST, 0);
        loop {
            self.set(Stage::Running);
            let began = Instant::now();
            let context = Context::new(resources.clone(), self.function.user, Deadline::NONE);
            let ran = fence((self.function.run)(context)).await;
            let Err(error) = ran.unwrap_or_else(|panic| Err(boxed(format!("it panicked: {panic}")))) else {
                self.set(Stage::Done);
                tracing::info!(background = self.name, "is done");
                return;
            };
            if began.elapsed() >= LONGEST {
                (wait, failures) = (FIRST, 0);
            }
            failures += 1;
            let again_in = chance.shorten(wait, 20);
            self.failed(failures, &error, again_in);
            tokio::time::sleep(again_in).await;
            wait = LONGEST.min(wait * 2);
        }
    }

    fn failed(&self, failures: u32, error: &BoxError, again_in: Duration) {
        let (background, said) = (self.name, error::logged(error.as_ref()));
        let again_in =
            duration_text(Duration::from_millis(again_in.as_millis().try_into().unwrap_or(u64::MAX)));
        tracing::error!(background, failures, error = said, again_in, "failed; it runs again");
        self.set(Stage::Failed(failures, error::shown(error.as_ref())));
    }
}

struct Check {
    name: &'static str,
    stage: Arc<Mutex<Stage>>,
}

impl HealthCheck for Check {
    fn name(&self) -> &str {
        self.name
    }

    /// The service answers without it.
    fn settings(&self) -> CheckSettings {
        CheckSettings::new().critical(false)
    }

    fn check(&self) -> BoxFuture<'_, Health> {
        let health = match &*self.stage.lock().unwrap_or_else(PoisonError::into_inner) {
            Stage::Idle => Health::healthy().detail("stage", "idle"),
            Stage::Running => Health::healthy().detail("stage", "running"),
            Stage::Done => Health::healthy().detail("stage", "done"),
            Stage::Failed(failures, said) => Health::unhealthy(said.clone()).detail("failures", *failures),
        };
        Box::pin(async { health })
    }
}

/// The functions that run in the background; they end when they are told to, or when this is dropped.
#[derive(Default)]
pub(super) struct Running {
    tasks: JoinSet<()>,
    end: CancellationToken,
}

impl Running {
    /// Runs each in a task of its own.
    pub(super) fn begin(backgrounds: &[Arc<Background>], resources: &Arc<Resources>) -> Self {
        let (mut tasks, end) = (JoinSet::new(), CancellationToken::new());
        for background in backgrounds {
            let (background, resources, end) = (background.clone(), resources.clone(), end.clone());
            tasks.spawn(async move {
                let mut work = Box::pin(async move { background.supervise(resources).await });
                tokio::select! {
                    () = &mut work => {}
                    // What it has begun and not finished is nothing to lend again.
                    () = end.cancelled() => discard(Some(work)),
                }
            });
        }
        Self { tasks, end }
    }

    /// Ends them wherever they wait, and waits until they have.
    pub(super) async fn end(mut self) {
        self.end.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::App;
    use crate::config::Sources;
    use crate::pool::Shared;

    /// When it was run, and how it ended.
    #[derive(Default)]
    struct Log {
        runs: Mutex<Vec<Instant>>,
        dropped: AtomicUsize,
    }

    type Shown = Shared<Arc<Log>>;

    struct Drops(Arc<Log>);

    impl Drop for Drops {
        fn drop(&mut self) {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Fails eight times, runs for two minutes and fails once more, and is done.
    async fn stumbles(log: Shown) -> Result<(), BoxError> {
        let run = {
            let mut runs = log.runs.lock().unwrap();
            runs.push(Instant::now());
            runs.len()
        };
        match run {
            1 => std::panic::resume_unwind(Box::new("as it was told")),
            ..9 => Err("as it was told".into()),
            9 => {
                tokio::time::sleep(Duration::from_secs(120)).await;
                Err("after a long time".into())
            }
            _ => Ok(()),
        }
    }

    async fn goes_on(log: Shown) -> Result<(), BoxError> {
        let _drops = Drops(log.0);
        std::future::pending().await
    }

    async fn health(background: &Background) -> (crate::Status, Option<String>) {
        let health = background.check().check().await;
        (health.status, health.message.clone())
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_fails_runs_again_after_ever_longer_waits() {
        let log = Arc::<Log>::default();
        let app = App::new("orders").provide(log.clone()).background("stumbles", stumbles);
        let (service, _) = app.build(&Sources::empty()).unwrap();
        let background = service.backgrounds[0].clone();
        assert_eq!(health(&background).await, (crate::Status::Healthy, None));
        service.run_background();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let (status, message) = health(&background).await;
        assert_eq!(status, crate::Status::Unhealthy);
        assert!(message.unwrap().contains("it panicked"));
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(health(&background).await, (crate::Status::Healthy, None));

        let runs = log.runs.lock().unwrap().clone();
        let waits: Vec<_> = runs.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let expected = [1, 2, 4, 8, 16, 32, 60, 60, 121].map(f64::from);
        assert_eq!(waits.len(), expected.len(), "{waits:?}");
        for (wait, longest) in waits.iter().zip(expected) {
            assert!((0.79 * longest..=longest + 0.01).contains(wait), "{waits:?}");
        }
        service.close(None).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_service_is_its_end() {
        let log = Arc::<Log>::default();
        let app =
            App::new("orders").provide(log.clone()).background("one", goes_on).background("two", goes_on);
        let (service, _) = app.build(&Sources::empty()).unwrap();
        service.run_background();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(log.dropped.load(Ordering::SeqCst), 0);
        service.close(None).await;
        assert_eq!(log.dropped.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_name_that_another_component_has_is_told_at_start() {
        let app = || App::new("orders").provide(Arc::<Log>::default()).background("one", goes_on);
        let twice = app().background("one", goes_on).build(&Sources::empty()).err().unwrap().to_string();
        assert!(twice.contains("two components of the health report are named `one`"), "{twice}");
        let bad = app().background("two words", goes_on).build(&Sources::empty()).err().unwrap().to_string();
        assert!(bad.contains("`two words` cannot name a component"), "{bad}");
    }
}
