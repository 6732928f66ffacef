//! A service whose health is told from outside: eighteen components that count how often they are looked at, and those
//! that misbehave.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lift::health::{CheckSettings, HealthCheck, HealthHandle};
use lift::prelude::*;

/// How often each component was looked at.
type Looks = Arc<Mutex<BTreeMap<String, Arc<AtomicUsize>>>>;

/// A component that counts, and is then healthy or does what its name says.
struct Counted {
    name: String,
    looks: Arc<AtomicUsize>,
    settings: CheckSettings,
}

impl Counted {
    fn new(name: &str, looks: &Looks) -> Self {
        let counter = looks.lock().unwrap().entry(name.to_owned()).or_default().clone();
        // What works must not seem to hang on a machine that is busy with other tests.
        let timeout =
            Duration::from_millis(if ["hangs", "blocks", "bursts"].contains(&name) { 500 } else { 5_000 });
        let settings = CheckSettings::new().critical(false).timeout(timeout);
        Self { name: name.to_owned(), looks: counter, settings }
    }
}

/// Panics while it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::resume_unwind(Box::new("dropped"));
    }
}

impl HealthCheck for Counted {
    fn name(&self) -> &str {
        &self.name
    }

    fn settings(&self) -> CheckSettings {
        self.settings
    }

    fn check(&self) -> BoxFuture<'_, Health> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            match self.name.as_str() {
                "hangs" => std::future::pending().await,
                "bursts" => {
                    let _bomb = Bomb;
                    std::future::pending().await
                }
                "blocks" => loop {
                    std::thread::park();
                },
                // Spares the panic hook, whose message would be in the log as well.
                "panics" => std::panic::resume_unwind(Box::new("postgres://ada:hunter2@db in a panic")),
                "leaks" => Health::unhealthy(
                    "cannot reach postgres://ada:hunter2@db.internal/orders: SELECT secret FROM users; password=hunter2",
                ),
                _ => Health::healthy(),
            }
        })
    }
}

/// How often each component was looked at.
#[lift::handler(GET, "/looks")]
async fn looks(looks: Shared<Looks>) -> Json<BTreeMap<String, usize>> {
    let looks = looks.lock().unwrap();
    Json(looks.iter().map(|(name, count)| (name.clone(), count.load(Ordering::SeqCst))).collect())
}

/// Blocks its thread.
#[lift::handler(POST, "/block/{milliseconds}")]
async fn block(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

#[lift::handler(POST, "/pause")]
async fn pause(health: Shared<HealthHandle>) {
    health.mark_not_ready("with token=hunter2 an operator");
}

#[lift::handler(POST, "/resume")]
async fn resume(health: Shared<HealthHandle>) {
    health.mark_ready();
}

/// Adds a component while the service runs.
#[lift::handler(POST, "/components/{name}")]
async fn add(name: String, health: Shared<HealthHandle>, looks: Shared<Looks>) -> (StatusCode, String) {
    match health.register(Counted::new(&name, &looks)) {
        Ok(()) => (StatusCode::CREATED, String::new()),
        Err(error) => (StatusCode::CONFLICT, error.to_string()),
    }
}

#[lift::handler(DELETE, "/components/{name}")]
async fn remove(name: String, health: Shared<HealthHandle>) -> StatusCode {
    if health.unregister(&name) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// Takes as long to start as it is told.
async fn linger() -> Result<(), std::convert::Infallible> {
    let milliseconds = std::env::var("WATCHED_START").ok().and_then(|text| text.parse().ok());
    tokio::time::sleep(Duration::from_millis(milliseconds.unwrap_or(0))).await;
    Ok(())
}

#[lift::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> lift::Result<()> {
    let all = Looks::default();
    let mut app = App::new("watched").provide(all.clone());
    for number in 0..18 {
        app = app.health_check(Counted::new(&format!("component-{number}"), &all));
    }
    for name in std::env::var("WATCHED_ALSO").unwrap_or_default().split_terminator(',') {
        app = app.health_check(Counted::new(name, &all));
    }
    app.on_start(linger)
        .health_group("first", ["component-0", "component-1"])
        .handlers(lift::handlers![looks, block, pause, resume, add, remove])
        .run()
        .await
}
