use std::panic::panic_any;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::pool::discard::interrupted;

const CACHE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_millis(100);
const INTERVAL: Duration = Duration::from_secs(5);

fn monitor(components: Vec<Component>, clock: &Clock) -> Monitor {
    let monitor = Monitor::new(clock, INTERVAL);
    for component in components {
        assert!(monitor.add(component).is_ok());
    }
    monitor
}

fn component(
    name: &str,
    critical: bool,
    run: impl Fn() -> BoxFuture<'static, Health> + Send + Sync + 'static,
) -> Component {
    let settings = CheckSettings::new().critical(critical).timeout(TIMEOUT).cache(CACHE);
    Component { name: name.to_owned(), settings, run: Box::new(run) }
}

fn fixed(name: &str, critical: bool, status: Status) -> Component {
    component(name, critical, move || Box::pin(async move { Health::new(status) }))
}

async fn status(components: Vec<Component>) -> Status {
    overall(&monitor(components, &Clock::held()).findings(|_| true).await)
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
    let monitor = monitor(components, &Clock::held());
    let messages: Vec<_> =
        monitor.findings(|_| true).await.into_iter().map(|f| f.checked.health.message.clone()).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(messages, [text("timed out after 100ms"), text("the check panicked"), None]);
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
    let monitor = monitor(vec![counted], &clock);
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
    (monitor(vec![told], &clock), clock, health, looks)
}

async fn now(monitor: &Monitor) -> Status {
    overall(&monitor.findings(|_| true).await)
}

#[tokio::test]
async fn one_bad_result_is_no_failure_and_one_good_one_no_recovery() {
    let (monitor, clock, health, _) =
        told(|component| component.settings = component.settings.fail_after(3).recover_after(2));
    let mut seen = Vec::new();
    for good in [true, false, false, true, false, false, false, true, false, true, true] {
        *health.lock().unwrap() = if good { Health::healthy() } else { Health::unhealthy("away") };
        seen.push(now(&monitor).await == Status::Healthy);
        clock.advance(CACHE);
    }
    assert_eq!(seen, [true, true, true, true, true, true, false, false, false, false, true]);
}

#[tokio::test]
async fn a_result_that_is_no_failure_yet_is_as_new_as_it_is() {
    let clock = Clock::held();
    let (running, runs) = (clock.clone(), AtomicUsize::new(0));
    let mut fails = component("fails", true, move || {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        running.advance(Duration::from_millis(10 * (run as u64 + 1)));
        Box::pin(async move { if run == 0 { Health::healthy() } else { Health::unhealthy("away") } })
    });
    fails.settings = fails.settings.fail_after(3);
    let monitor = monitor(vec![fails], &clock);
    for took in [10, 20] {
        let found = monitor.findings(|_| true).await;
        let [found] = found.as_slice() else { panic!("one component") };
        assert_eq!(found.checked.health.status, Status::Healthy);
        assert_eq!((found.age, found.checked.took), (Duration::ZERO, Duration::from_millis(took)));
        clock.advance(CACHE);
    }
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
    monitor.common.watching.store(true, Ordering::Release);
    clock.freeze(Duration::from_secs(3600));
    assert_eq!(now(&monitor).await, Status::Unknown);
    tokio::task::yield_now().await;
    assert_eq!(now(&monitor).await, Status::Healthy);
}

#[tokio::test]
async fn a_check_that_does_not_come_back_is_judged_by_whoever_asks_and_told_once() {
    let (monitor, clock, _, _) =
        told(|component| component.run = Box::new(|| Box::pin(std::future::pending())));
    let watched = monitor.components(|_| true).remove(0);
    watched.record(Checked { health: Health::healthy(), at: clock.now(), took: Duration::ZERO, cause: None });
    watched.refresh();
    assert_eq!(now(&monitor).await, Status::Healthy);
    clock.advance(TIMEOUT + Duration::from_millis(1));
    for _ in 0..3 {
        assert_eq!(now(&monitor).await, Status::Unhealthy);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_check_that_blocks_the_only_worker_holds_up_nobody() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    let blocks = component("blocks", true, move || {
        let blocked = blocked.clone();
        Box::pin(async move {
            let _ = blocked.lock().unwrap().recv();
            Health::healthy()
        })
    });
    let monitor = monitor(vec![blocks, fixed("works", true, Status::Healthy)], &Clock::system());
    monitor.watch();
    let found = monitor.findings(|_| true).await;
    let statuses: Vec<_> = found.iter().map(|finding| finding.checked.health.status).collect();
    assert_eq!(statuses, [Status::Unhealthy, Status::Healthy]);
    let other = tokio::time::timeout(Duration::from_secs(30), tokio::spawn(async {}));
    assert!(other.await.is_ok(), "the only worker is blocked");
    drop(release);
}

#[tokio::test]
async fn a_result_that_comes_late_is_a_time_out() {
    let clock = Clock::held();
    let late = clock.clone();
    let blocks = component("blocks", true, move || {
        late.advance(TIMEOUT * 2);
        Box::pin(async { Health::healthy() })
    });
    let found = monitor(vec![blocks], &clock).findings(|_| true).await;
    assert_eq!(found[0].checked.health, Health::unhealthy("timed out after 100ms"));
}

#[tokio::test(start_paused = true)]
async fn a_time_out_counts_once_whoever_finds_it() {
    let (monitor, clock, ..) = told(|component| {
        component.settings = component.settings.fail_after(3).cache(Duration::ZERO);
        component.run = Box::new(|| Box::pin(std::future::pending()));
    });
    let watched = monitor.components(|_| true).remove(0);
    let healthy = Checked { health: Health::healthy(), at: clock.now(), took: Duration::ZERO, cause: None };
    watched.record(healthy);
    // As on Lambda: each probe waits for a run of its own.
    for (contrary, status) in [(1, Status::Healthy), (2, Status::Healthy), (0, Status::Unhealthy)] {
        clock.advance(Duration::from_millis(1));
        assert_eq!(now(&monitor).await, status);
        assert_eq!(watched.state().contrary, contrary);
    }
    // The next run is judged by its task's interval, by two probes, and by itself when its time is over.
    watched.state().running = None;
    watched.record(Checked { health: Health::healthy(), at: clock.now(), took: Duration::ZERO, cause: None });
    monitor.common.watching.store(true, Ordering::Release);
    watched.refresh();
    clock.advance(TIMEOUT * 2);
    watched.turn();
    assert_eq!((now(&monitor).await, now(&monitor).await), (Status::Healthy, Status::Healthy));
    tokio::time::sleep(TIMEOUT * 2).await;
    let state = watched.state();
    assert_eq!((state.contrary, state.running.is_none()), (1, true));
}

#[tokio::test]
async fn one_that_never_comes_back_fails_in_every_interval() {
    let (monitor, clock, _, _) = told(|component| {
        component.settings = component.settings.fail_after(3);
        component.run = Box::new(|| Box::pin(std::future::pending()));
    });
    let watched = monitor.components(|_| true).remove(0);
    watched.record(Checked { health: Health::healthy(), at: clock.now(), took: Duration::ZERO, cause: None });
    watched.refresh();
    clock.advance(INTERVAL);
    let seen: Vec<_> = (0..4)
        .map(|_| {
            watched.turn();
            clock.advance(INTERVAL);
            watched.known(clock.now()).unwrap().health.status
        })
        .collect();
    use Status::{Healthy, Unhealthy};
    assert_eq!(seen, [Healthy, Healthy, Unhealthy, Unhealthy]);
}

#[tokio::test(start_paused = true)]
async fn components_come_and_go() {
    let monitor = monitor(vec![fixed("a", true, Status::Healthy)], &Clock::held());
    monitor.watch();
    assert!(monitor.add(fixed("a", true, Status::Unhealthy)).is_err());
    assert!(monitor.add(fixed("b", true, Status::Unhealthy)).is_ok());
    assert_eq!(now(&monitor).await, Status::Unhealthy);
    assert!(monitor.remove("b") && !monitor.remove("b"));
    assert_eq!(now(&monitor).await, Status::Healthy);
}

#[tokio::test]
async fn a_run_that_ends_between_two_looks_of_a_probe_is_not_started_again() {
    let (monitor, clock, _, looks) = told(|_| {});
    let watched = monitor.components(|_| true).remove(0);
    let ended = watched.state().ended;
    assert!(watched.known(clock.now()).is_none());
    // Another probe is faster.
    assert_eq!(now(&monitor).await, Status::Healthy);
    assert_eq!((watched.look(ended).await.health.status, looks.load(Ordering::SeqCst)), (Status::Healthy, 1));
    // And the task of the interval has nothing to add so soon.
    watched.turn();
    assert!(watched.state().running.is_none());
}

/// Panics while it is dropped; the second kind with a payload that does so in turn.
enum Bomb {
    Plain,
    Chained,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        match self {
            Self::Plain => panic_any("dropped"),
            Self::Chained => panic_any(Self::Plain),
        }
    }
}

async fn hang<T>(_held: T) -> Health {
    std::future::pending().await
}

/// Components whose drop panics in every way, with how often each was run, and one that works.
fn armed() -> (Vec<Component>, Vec<Arc<AtomicUsize>>) {
    type Run = fn() -> BoxFuture<'static, Health>;
    let runs: [(&str, Run); 5] = [
        ("hangs", || Box::pin(hang(Bomb::Plain))),
        ("hangs, too", || Box::pin(hang(Bomb::Chained))),
        ("panics", || Box::pin(async { panic_any(Bomb::Plain) })),
        ("panics, too", || Box::pin(async { panic_any(Bomb::Chained) })),
        ("works", || Box::pin(std::future::ready(Health::healthy()))),
    ];
    let (mut components, mut counts) = (Vec::new(), Vec::new());
    for (name, run) in runs {
        let count = Arc::new(AtomicUsize::new(0));
        counts.push(count.clone());
        components.push(component(name, true, move || {
            count.fetch_add(1, Ordering::SeqCst);
            run()
        }));
    }
    (components, counts)
}

fn messages(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.checked.health.message.as_deref().unwrap_or("-")).collect()
}

const OF_ARMED: [&str; 5] =
    ["timed out after 100ms", "timed out after 100ms", "the check panicked", "the check panicked", "-"];

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_check_is_dropped_keeps_no_check_from_running() {
    let ((components, counts), clock) = (armed(), Clock::held());
    let monitor = monitor(components, &clock);
    // As on Lambda, where a probe waits for the checks; then as in a server.
    for round in 1..=3 {
        assert_eq!(messages(&monitor.findings(|_| true).await), OF_ARMED, "probe {round}");
        clock.advance(CACHE);
    }
    monitor.watch();
    for _ in 0..3 {
        clock.advance(INTERVAL);
        tokio::time::sleep(INTERVAL).await;
    }
    assert_eq!(messages(&monitor.findings(|_| true).await), OF_ARMED);
    for (count, watched) in counts.iter().zip(monitor.components(|_| true)) {
        let (count, name) = (count.load(Ordering::SeqCst), &watched.component.name);
        assert!(count >= 5, "{name} ran {count} times");
        assert!(watched.state().running.is_none(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_panic_while_a_check_is_dropped_ends_no_worker() {
    let (mut components, counts) = armed();
    for component in &mut components {
        component.settings = component.settings.interval(TIMEOUT);
    }
    let monitor = monitor(components, &Clock::system());
    monitor.watch();
    let ran = async {
        while counts.iter().any(|count| count.load(Ordering::SeqCst) < 4) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), ran).await.is_ok(), "{counts:?}");
    assert_eq!(messages(&monitor.findings(|_| true).await), OF_ARMED);
}

/// Notes whether what it is held by was dropped as interrupted.
struct Witness(Arc<Mutex<Vec<bool>>>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(interrupted());
    }
}

type End = fn() -> BoxFuture<'static, Health>;

/// A component that ends in this way, and how what it held was dropped.
fn witnessed(end: End) -> (Monitor, Arc<Mutex<Vec<bool>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let run = move || -> BoxFuture<'static, Health> {
        let witness = Witness(kept.clone());
        Box::pin(async move {
            let _witness = witness;
            end().await
        })
    };
    (monitor(vec![component("witnessed", true, run)], &Clock::held()), seen)
}

#[tokio::test(start_paused = true)]
async fn only_a_check_that_does_not_end_is_interrupted() {
    let ends: [(End, bool); 4] = [
        (|| Box::pin(std::future::ready(Health::healthy())), false),
        (|| Box::pin(std::future::pending()), true),
        (|| Box::pin(async { panic_any("boom") }), true),
        (|| Box::pin(hang(Bomb::Plain)), true),
    ];
    for (index, (end, expected)) in ends.into_iter().enumerate() {
        let (monitor, seen) = witnessed(end);
        monitor.findings(|_| true).await;
        assert_eq!(*seen.lock().unwrap(), [expected], "{index}");
    }
}

#[test]
fn a_check_whose_runtime_ends_is_interrupted_and_not_running_any_more() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (monitor, seen) = witnessed(|| Box::pin(std::future::pending()));
    let watched = monitor.components(|_| true).remove(0);
    runtime.block_on(async {
        watched.refresh();
        tokio::task::yield_now().await;
    });
    assert!(watched.state().running.is_some());
    drop(runtime);
    assert_eq!(*seen.lock().unwrap(), [true]);
    assert!(watched.state().running.is_none());
}

#[tokio::test]
async fn a_change_that_cannot_be_told_is_reported_all_the_same() {
    /// As a subscriber of the service's own might.
    struct Broken;
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Broken {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            panic_any("no disk left");
        }
    }
    use tracing_subscriber::layer::SubscriberExt;
    let _broken = tracing::subscriber::set_default(tracing_subscriber::registry().with(Broken));
    let (monitor, clock, ..) = told(|component| {
        component.run = Box::new(|| Box::pin(std::future::ready(Health::unhealthy("away"))));
    });
    for _ in 0..3 {
        assert_eq!(messages(&monitor.findings(|_| true).await), ["away"]);
        assert!(monitor.components(|_| true).iter().all(|watched| watched.state().running.is_none()));
        clock.advance(CACHE);
    }
}

#[tokio::test]
async fn a_check_that_becomes_slow_is_told_each_time_and_once() {
    /// Counts what is told.
    struct Told(Arc<AtomicUsize>);
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Told {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    use tracing_subscriber::layer::SubscriberExt;
    let count = Arc::new(AtomicUsize::new(0));
    let _told = tracing::subscriber::set_default(tracing_subscriber::registry().with(Told(count.clone())));
    let took = Arc::new(Mutex::new(Duration::ZERO));
    let clock = Clock::held();
    let run = {
        let (clock, took) = (clock.clone(), took.clone());
        move || -> BoxFuture<'static, Health> {
            clock.advance(*took.lock().unwrap());
            Box::pin(std::future::ready(Health::healthy()))
        }
    };
    let monitor = monitor(vec![component("slow", true, run)], &clock);
    let (most, late) = (TIMEOUT / 5 * 4, TIMEOUT / 5 * 4 + Duration::from_millis(1));
    for (takes, told) in [(most, 0), (late, 1), (TIMEOUT, 1), (most, 1), (late, 2), (late, 2)] {
        *took.lock().unwrap() = takes;
        assert_eq!(now(&monitor).await, Status::Healthy);
        assert_eq!(count.load(Ordering::SeqCst), told, "after {takes:?}");
        clock.advance(CACHE);
    }
}
