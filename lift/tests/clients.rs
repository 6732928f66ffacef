//! Shared clients: opened once, waited for within bounds, not stampeded when they cannot be opened.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)] // tests fail loudly

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use lift::clock::Clock;
use lift::config::NoSettings;
use lift::prelude::*;
use lift::resource::{ResourceSpec, Warm};
use lift::testing::TestService;
use lift::{BoxError, Init};
use tokio::sync::Notify;

#[derive(Clone)]
struct Api(Backend);

/// What a client talks to, and what it has seen.
#[derive(Clone, Default)]
struct Backend(Arc<Seen>);

#[derive(Default)]
struct Seen {
    attempts: AtomicUsize,
    closed: AtomicUsize,
    mood: Mutex<Mood>,
    changed: Notify,
    unblocked: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Mood {
    #[default]
    Well,
    /// Takes so many milliseconds.
    Slow(u64),
    Hangs,
    Fails,
    Panics,
    /// Never answers, and panics when it is given up.
    HangsAndPanics,
    /// Blocks its thread until the mood changes.
    Blocks,
}

impl Backend {
    fn mood(&self, mood: Mood) -> &Self {
        *self.0.mood.lock().unwrap() = mood;
        self.0.changed.notify_waiters();
        self.0.unblocked.notify_all();
        self
    }

    fn attempts(&self) -> usize {
        self.0.attempts.load(Ordering::SeqCst)
    }

    fn closed(&self) -> usize {
        self.0.closed.load(Ordering::SeqCst)
    }

    async fn open(self) -> Result<Api, BoxError> {
        self.0.attempts.fetch_add(1, Ordering::SeqCst);
        let mood = *self.0.mood.lock().unwrap();
        match mood {
            Mood::Well => Ok(Api(self)),
            Mood::Slow(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Ok(Api(self))
            }
            Mood::Hangs => pending().await,
            Mood::Fails => Err("the backend is away".into()),
            Mood::Panics => panic!("the client is broken"),
            Mood::HangsAndPanics => {
                struct Bug;
                impl Drop for Bug {
                    fn drop(&mut self) {
                        std::panic::resume_unwind(Box::new("giving up is broken"));
                    }
                }
                let _bug = Bug;
                pending().await
            }
            Mood::Blocks => {
                self.0.changed.notify_waiters();
                let mut mood = self.0.mood.lock().unwrap();
                while *mood == Mood::Blocks {
                    mood = self.0.unblocked.wait(mood).unwrap();
                }
                drop(mood);
                Ok(Api(self))
            }
        }
    }

    fn host(&self, clock: &Clock) -> lift::testing::TestHost {
        let backend = self.clone();
        App::new("clients")
            .handlers(lift::handlers![call, hurried])
            .test()
            .with::<Api>(move || backend.clone().open())
            .clock(clock)
    }

    async fn service(&self) -> TestService {
        self.host(&Clock::held()).start().await.unwrap()
    }
}

impl lift::Resource for Api {
    type Config = NoSettings;
    type Error = BoxError;

    fn spec() -> ResourceSpec {
        ResourceSpec::named("api").warm(Warm::Lazy)
    }

    async fn initialize(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Err("tests open it with `Backend::open`".into())
    }

    async fn health_check(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    async fn cleanup(self) {
        self.0.0.closed.fetch_add(1, Ordering::SeqCst);
        self.0.0.changed.notify_waiters();
    }
}

#[lift::handler(GET, "/call")]
async fn call(api: Shared<Api>) -> String {
    api.0.0.attempts().to_string()
}

#[lift::handler(GET, "/hurried", timeout = "400ms")]
async fn hurried(api: Shared<Api>) -> String {
    api.0.0.attempts().to_string()
}

/// The status and the code of an answer.
async fn told(service: &TestService, path: &str) -> (u16, String) {
    let answer = service.get(path).await.unwrap();
    let code =
        answer.json::<serde_json::Value>().ok().and_then(|body| Some(body["code"].as_str()?.to_owned()));
    (answer.status(), code.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_wait_for_one_slow_open() {
    let backend = Backend::default();
    backend.mood(Mood::Slow(700));
    let service = backend.service().await;
    let answers = join_all((0..100).map(|_| async { service.get("/call").await.unwrap() })).await;
    assert!(answers.iter().all(|answer| answer.status() == 200 && answer.text() == "1"));
    assert_eq!(backend.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_cancel_the_open() {
    let backend = Backend::default();
    backend.mood(Mood::Slow(700));
    let service = backend.service().await;
    for _ in 0..5 {
        let gone = tokio::time::timeout(Duration::from_millis(100), service.get("/call").into_future());
        assert!(gone.await.is_err());
    }
    assert_eq!(service.get("/call").await.unwrap().text(), "1");
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_for_half_of_its_deadline_at_most_and_leaves_the_open_to_others() {
    let backend = Backend::default();
    backend.mood(Mood::Slow(700));
    let service = backend.service().await;
    let begin = tokio::time::Instant::now();
    assert_eq!(told(&service, "/hurried").await, (503, "RESOURCE_UNAVAILABLE".to_owned()));
    assert_eq!(begin.elapsed().as_millis(), 200);
    assert_eq!(service.get("/call").await.unwrap().text(), "1");
    assert_eq!(begin.elapsed().as_millis(), 700);
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_for_the_setting_wait_at_most() {
    let backend = Backend::default();
    backend.mood(Mood::Hangs);
    let host = backend.host(&Clock::held()).var("API_POOL_WAIT", "300ms");
    let service = host.start().await.unwrap();
    let begin = tokio::time::Instant::now();
    assert_eq!(told(&service, "/call").await, (503, "RESOURCE_UNAVAILABLE".to_owned()));
    assert_eq!(begin.elapsed().as_millis(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_cannot_be_opened_is_tried_once_for_all_who_wait_and_left_alone_after_three_failures() {
    let backend = Backend::default();
    backend.mood(Mood::Fails);
    let clock = Clock::held();
    let service = backend.host(&clock).start().await.unwrap();
    for attempts in [1, 2, 3, 3] {
        let answers = join_all((0..100).map(|_| told(&service, "/call"))).await;
        assert!(
            answers.iter().all(|answer| *answer == (503, "RESOURCE_UNAVAILABLE".to_owned())),
            "{answers:?}"
        );
        assert_eq!(backend.attempts(), attempts);
    }
    // The breaker is open: told at once, with the time after which it is worth a try.
    let refused = service.get("/call").await.unwrap();
    assert_eq!((refused.status(), refused.header("retry-after")), (503, Some("1")));
    assert_eq!(backend.attempts(), 3);
    // Half-open: one attempt, for however many callers.
    clock.advance(Duration::from_millis(501));
    join_all((0..100).map(|_| told(&service, "/call"))).await;
    assert_eq!(backend.attempts(), 4);
    backend.mood(Mood::Well);
    clock.advance(Duration::from_millis(1_001));
    assert_eq!(service.get("/call").await.unwrap().text(), "5");
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_it_opens_is_a_failed_open() {
    let backend = Backend::default();
    backend.mood(Mood::Panics);
    let service = backend.service().await;
    assert_eq!(told(&service, "/call").await, (503, "RESOURCE_UNAVAILABLE".to_owned()));
    backend.mood(Mood::Well);
    assert_eq!(service.get("/call").await.unwrap().text(), "2");
}

#[tokio::test(start_paused = true)]
async fn an_open_that_hangs_is_given_up_after_the_connect_timeout_and_tried_again() {
    let backend = Backend::default();
    backend.mood(Mood::Hangs);
    let service =
        backend.host(&Clock::held()).var("API_POOL_CONNECT_TIMEOUT", "150ms").start().await.unwrap();
    let begin = tokio::time::Instant::now();
    assert_eq!(told(&service, "/call").await, (503, "RESOURCE_UNAVAILABLE".to_owned()));
    assert_eq!(begin.elapsed().as_millis(), 150);
    backend.mood(Mood::Well);
    assert_eq!(service.get("/call").await.unwrap().text(), "2");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_being_opened_is_not_waited_for_at_shutdown() {
    let backend = Backend::default();
    backend.mood(Mood::Hangs);
    let service = backend.host(&Clock::held()).var("API_POOL_CONNECT_TIMEOUT", "15m").start().await.unwrap();
    let gone = tokio::time::timeout(Duration::from_millis(10), service.get("/call").into_future());
    assert!(gone.await.is_err());
    let begin = tokio::time::Instant::now();
    service.close().await;
    assert!(begin.elapsed().is_zero());
    assert_eq!((backend.attempts(), backend.closed()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_open_that_panics_when_it_is_given_up_has_failed() {
    let backend = Backend::default();
    backend.mood(Mood::HangsAndPanics);
    let service =
        backend.host(&Clock::held()).var("API_POOL_CONNECT_TIMEOUT", "150ms").start().await.unwrap();
    for attempts in [1, 2, 3, 3] {
        assert_eq!(told(&service, "/call").await, (503, "RESOURCE_UNAVAILABLE".to_owned()));
        assert_eq!(backend.attempts(), attempts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_client_whose_open_blocks_its_thread_holds_up_no_shutdown_and_is_closed_afterwards() {
    let backend = Backend::default();
    backend.mood(Mood::Blocks);
    let host = backend.host(&Clock::held()).var("API_POOL_CLEANUP_TIMEOUT", "20ms");
    let service = host.var("API_POOL_WAIT", "20ms").start().await.unwrap();
    let mut blocked = std::pin::pin!(backend.0.changed.notified());
    blocked.as_mut().enable();
    assert_eq!(told(&service, "/call").await, (503, "RESOURCE_UNAVAILABLE".to_owned()));
    blocked.await;
    service.close().await;
    assert_eq!((backend.attempts(), backend.closed()), (1, 0));
    backend.mood(Mood::Well);
    let closed = async {
        loop {
            let mut changed = std::pin::pin!(backend.0.changed.notified());
            changed.as_mut().enable();
            if backend.closed() > 0 {
                return;
            }
            changed.await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), closed).await.expect("it is closed once it is open");
}

#[test]
fn an_open_whose_runtime_ends_is_begun_again_elsewhere() {
    let backend = Backend::default();
    backend.mood(Mood::Hangs);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let service = first.block_on(backend.service());
    first.block_on(async {
        let gone = tokio::time::timeout(Duration::from_millis(1), service.get("/call").into_future());
        assert!(gone.await.is_err());
    });
    drop(first);
    backend.mood(Mood::Well);
    assert_eq!(second.block_on(async { service.get("/call").await.unwrap().text() }), "2");
    second.block_on(service.close());
    assert_eq!(backend.closed(), 1);
}

#[test]
fn a_caller_whose_open_ends_with_its_runtime_is_told_of_no_failure_before_its_time() {
    let backend = Backend::default();
    backend.mood(Mood::Fails);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let service = first.block_on(backend.service());
    first.block_on(async {
        assert_eq!(told(&service, "/call").await.0, 503);
        backend.mood(Mood::Hangs);
        let gone = tokio::time::timeout(Duration::from_millis(1), service.get("/call").into_future());
        assert!(gone.await.is_err());
    });
    second.block_on(async {
        let mut call = service.get("/call").into_future();
        assert!(poll_immediate(&mut call).await.is_none());
        backend.mood(Mood::Well);
        std::thread::spawn(move || drop(first)).join().unwrap();
        assert_eq!(call.await.unwrap().text(), "3");
    });
}

#[tokio::test]
async fn what_only_a_pool_has_is_an_error_for_a_shared_client() {
    for (variable, value) in
        [("API_POOL_MAX_SIZE", "4"), ("API_POOL_MIN_IDLE", "1"), ("API_POOL_STUCK_AFTER", "1m")]
    {
        let faults = Backend::default().host(&Clock::held()).var(variable, value).check().unwrap_err();
        let text = faults.to_string();
        assert!(text.contains(&format!("{variable}: is a pool's key")), "{text}");
    }
    for (variable, value) in
        [("API_POOL_WAIT", "4s"), ("API_POOL_WARM", "eager"), ("API_POOL_CLEANUP_TIMEOUT", "1m")]
    {
        Backend::default().host(&Clock::held()).var(variable, value).check().unwrap();
    }
}

/// Has keys that only a pool has, and those of both.
#[derive(Clone, lift::Resource)]
#[resource(name = "limited", initialize = Self::open)]
#[resource(pool(max_size = 4, idle_timeout = "1m", wait = "1s", warm = "lazy"))]
struct Limited;

impl Limited {
    async fn open(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

#[lift::handler(GET, "/limited")]
async fn limited(_: Shared<Limited>) {}

#[tokio::test]
async fn what_only_a_pool_has_is_an_error_in_a_shared_clients_attribute() {
    let app = App::new("clients").handlers(lift::handlers![limited]);
    let text = app.test().check().unwrap_err().to_string();
    for (key, refused) in [("max_size", true), ("idle_timeout", true), ("wait", false), ("warm", false)] {
        let told = text.contains(&format!("resource `limited`: `pool({key})`: is a pool's key"));
        assert_eq!(told, refused, "{key} in\n{text}");
    }
}

#[lift::handler(GET, "/call")]
async fn call_if_it_is_there(api: Option<Shared<Api>>) -> String {
    api.is_some().to_string()
}

#[lift::handler(GET, "/call")]
async fn call_or_an_error(api: Result<Shared<Api>, lift::PoolError>) -> String {
    api.is_ok().to_string()
}

#[tokio::test]
async fn a_client_is_opened_for_one_handler_that_may_do_without_it() {
    for handlers in [lift::handlers![call_if_it_is_there], lift::handlers![call_or_an_error]] {
        let backend = Backend::default();
        let opened = backend.clone();
        let host = App::new("clients").handlers(handlers).test().with::<Api>(move || backend.clone().open());
        let service = host.start().await.unwrap();
        assert_eq!(service.get("/call").await.unwrap().text(), "true");
        assert_eq!(opened.attempts(), 1);
    }
}
