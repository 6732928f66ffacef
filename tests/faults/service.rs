//! A service with one pool, called as its clients call it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lift::pool::{CloseReason, Stats};
use lift::prelude::*;
use lift::testing::{Clock, TestService};
use lift::{BoxError, LiftError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::server::Server;

/// How long a handler may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);

/// What is allowed on top of a bound: the machine may be busy with something else.
pub(crate) const SLACK: Duration = Duration::from_secs(3);

/// The quick or the full amount of something.
pub(crate) fn quick_or_full<T>(quick: T, full: T) -> T {
    if std::env::var("LIFT_TEST_FAULTS").is_ok_and(|which| which == "all") { full } else { quick }
}

#[derive(Debug, thiserror::Error, LiftError)]
pub(crate) enum Failed {
    /// The connection broke in the middle of the call, and nobody knows how far the call came.
    #[error("the server went away")]
    #[lift(status = 503, code = "AWAY", retry)]
    Away(#[source] BoxError),
    #[error("the server refused")]
    #[lift(internal)]
    Refused(#[source] BoxError),
}

impl From<lift::postgres::Error> for Failed {
    fn from(error: lift::postgres::Error) -> Self {
        if error.is_connection() { Self::Away(error.into()) } else { Self::Refused(error.into()) }
    }
}

impl From<lift::redis::RedisError> for Failed {
    fn from(error: lift::redis::RedisError) -> Self {
        let error = lift::redis::Error::from(error);
        if error.is_connection() { Self::Away(error.into()) } else { Self::Refused(error.into()) }
    }
}

/// What the handlers ask of a connection.
trait Session {
    /// One round trip: the server's own number of the connection.
    async fn id(&mut self) -> Result<String, Failed>;

    /// A call that the server does not answer for a long time.
    async fn hang(&mut self) -> Result<(), Failed>;
}

impl Session for lift::postgres::Connection {
    async fn id(&mut self) -> Result<String, Failed> {
        let row = self.query_one("SELECT pg_backend_pid()::text", &[]).await?;
        row.try_get(0).map_err(|error| Failed::Refused(error.into()))
    }

    async fn hang(&mut self) -> Result<(), Failed> {
        self.query("SELECT pg_sleep(30)", &[]).await?;
        Ok(())
    }
}

impl Session for lift::redis::Connection {
    async fn id(&mut self) -> Result<String, Failed> {
        Ok(self.command(lift::redis::cmd("CLIENT").arg("ID")).await?)
    }

    async fn hang(&mut self) -> Result<(), Failed> {
        Ok(self.command(lift::redis::cmd("BLPOP").arg("nothing").arg(30)).await?)
    }
}

/// What handlers leave behind: tasks with connections, or that wait for one.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    released: watch::Sender<bool>,
    tasks: Mutex<JoinSet<Result<String, Failed>>>,
}

impl Kept {
    /// Lets the tasks go on that hold connections.
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }

    /// What the next task that ends says.
    pub(crate) async fn next(&self) -> Result<String, Failed> {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        let said = tasks.join_next().await.expect("a task is left").unwrap();
        *self.tasks.lock().unwrap() = tasks;
        said
    }
}

macro_rules! service {
    ($backend:ident, $connection:ty) => {
        pub(crate) mod $backend {
            use super::*;

            #[derive(Resource)]
            #[resource(name = "db")]
            pub(crate) struct Db($connection);

            pub(crate) fn app(kept: Arc<Kept>) -> App {
                let handlers =
                    lift::handlers![id, why, warm, hold, pair, keep, queue, panics, hangs, impatient];
                App::new("faults").handlers(handlers).provide(kept)
            }

            /// One that the service can do without.
            #[derive(Resource)]
            #[resource(name = "db", health(critical = false))]
            struct Optional($connection);

            pub(crate) fn without_need() -> App {
                App::new("without-need").uses::<Pool<Optional>>()
            }

            #[lift::handler(GET, "/id", timeout = "2s")]
            async fn id(mut db: Pooled<Db>) -> Result<String, Failed> {
                db.id().await
            }

            /// Why there is no connection, with all sources.
            #[lift::handler(GET, "/why")]
            async fn why(db: Pool<Db>) -> String {
                match db.get().await {
                    Ok(_) => String::new(),
                    Err(error) => chain(&error),
                }
            }

            #[lift::handler(GET, "/warm/{count}")]
            async fn warm(count: usize, db: Pool<Db>) -> Result<(), PoolError> {
                db.warm(count).await
            }

            /// Holds a connection for this many milliseconds beyond its call.
            #[lift::handler(GET, "/hold/{millis}")]
            async fn hold(millis: u64, mut db: Pooled<Db>) -> Result<String, Failed> {
                let id = db.id().await?;
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok(id)
            }

            /// Holds two at the same time.
            #[lift::handler(GET, "/pair")]
            async fn pair(mut one: Pooled<Db>, mut other: Pooled<Db>) -> Result<String, Failed> {
                Ok(format!("{} {}", one.id().await?, other.id().await?))
            }

            /// Leaves a connection to a task that uses it once more when it is released.
            #[lift::handler(GET, "/keep")]
            async fn keep(mut db: Pooled<Db>, kept: Shared<Arc<Kept>>) -> Result<String, Failed> {
                let id = db.id().await?;
                let mut released = kept.released.subscribe();
                kept.tasks.lock().unwrap().spawn(async move {
                    let _ = released.wait_for(|released| *released).await;
                    db.id().await
                });
                Ok(id)
            }

            /// Leaves a task that waits for a connection and tells why there is none.
            #[lift::handler(GET, "/queue")]
            async fn queue(db: Pool<Db>, kept: Shared<Arc<Kept>>) {
                kept.tasks.lock().unwrap().spawn(async move {
                    Ok(db.get().await.map_or_else(|error| chain(&error), |_| "a connection".to_owned()))
                });
            }

            #[lift::handler(GET, "/panics")]
            async fn panics(mut db: Pooled<Db>) -> Result<String, Failed> {
                db.id().await?;
                // Spares the panic hook, and with it a message that would look like a test's failure.
                std::panic::resume_unwind(Box::new("as it was told"))
            }

            #[lift::handler(GET, "/hangs", timeout = "50ms")]
            async fn hangs(mut db: Pooled<Db>) -> Result<(), Failed> {
                db.hang().await
            }

            /// A time-out of its own, around an exchange that is over.
            #[lift::handler(GET, "/impatient")]
            async fn impatient(mut db: Pooled<Db>) -> Result<String, Failed> {
                let mut id = String::new();
                let work = async {
                    id = db.id().await?;
                    std::future::pending().await
                };
                match tokio::time::timeout(Duration::from_millis(50), work).await {
                    Ok(failed) => failed,
                    Err(_) => Ok(id),
                }
            }
        }
    };
}

service!(postgres, lift::postgres::Connection);
service!(redis, lift::redis::Connection);

/// An error with all its sources on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// Starts the service for this URL; settings are those of the pool, such as `("MAX_SIZE", "4")`.
pub(crate) async fn start<S: Server>(url: String, settings: &[(&str, &str)]) -> Arc<TestService> {
    start_keeping::<S>(&Arc::default(), &Clock::system(), url, settings).await
}

/// As [`start`], by this clock.
pub(crate) async fn start_at<S: Server>(
    clock: &Clock,
    url: String,
    settings: &[(&str, &str)],
) -> Arc<TestService> {
    start_keeping::<S>(&Arc::default(), clock, url, settings).await
}

/// As [`start_at`], with what the handlers leave behind.
pub(crate) async fn start_keeping<S: Server>(
    kept: &Arc<Kept>,
    clock: &Clock,
    url: String,
    settings: &[(&str, &str)],
) -> Arc<TestService> {
    let mut host = S::app(kept.clone()).test().clock(clock).var("DB_URL", url);
    for (key, value) in settings {
        host = host.var(format!("DB_POOL_{key}"), *value);
    }
    Arc::new(host.start().await.unwrap())
}

/// Shuts the service down.
pub(crate) async fn shut_down(service: Arc<TestService>) {
    Arc::into_inner(service).expect("nobody calls it any more").close().await;
}

/// Shuts the service down and waits until the server has seen it.
pub(crate) async fn close<S: Server>(service: Arc<TestService>, server: &S) {
    shut_down(service).await;
    nobody_is_left(server).await;
}

/// Waits until the server has seen the end of all connections.
pub(crate) async fn nobody_is_left<S: Server>(server: &S) {
    until("the end of the connections", || server.clients() == 0).await;
}

pub(crate) fn stats(service: &TestService) -> Stats {
    service.pools().into_iter().next().expect("the pool").1
}

pub(crate) fn closed(service: &TestService, reason: CloseReason) -> u64 {
    stats(service).closed.iter().find(|(other, _)| *other == reason).map_or(0, |(_, count)| *count)
}

/// Waits until it holds, while the runtime works.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok(), "{what}: not within 30 s");
}

/// One invocation as its client saw it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) status: u16,
    /// The text of the answer, or the code of the failure.
    pub(crate) said: String,
}

impl Call {
    pub(crate) fn worked(&self) -> bool {
        self.status == 200
    }

    pub(crate) fn took(&self) -> Duration {
        self.ended - self.began
    }
}

pub(crate) async fn call(service: &TestService, path: &str) -> Call {
    let began = Instant::now();
    let answer = service.get(path).await.unwrap();
    let ended = Instant::now();
    let said = match answer.status() {
        200 => answer.text(),
        _ => answer.json::<serde_json::Value>().unwrap()["code"].as_str().unwrap().to_owned(),
    };
    Call { began, ended, status: answer.status(), said }
}

/// The same call many times side by side.
pub(crate) async fn at_once(service: &Arc<TestService>, count: usize, path: &'static str) -> Calls {
    let mut callers = JoinSet::new();
    for _ in 0..count {
        let service = service.clone();
        callers.spawn(async move { call(&service, path).await });
    }
    Calls(callers.join_all().await)
}

/// Invocations, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Calls(pub(crate) Vec<Call>);

impl Calls {
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Call> {
        self.0.iter().filter(|call| !call.worked())
    }

    /// Every failure is one that a client may try again, was told in time, and has one of these codes.
    pub(crate) fn assert_failures_are(&self, codes: &[&str], wait: Duration) {
        for call in self.failures() {
            assert!(codes.contains(&call.said.as_str()) && [503, 504].contains(&call.status), "{call:?}");
            let from_pool = ["POOL_EXHAUSTED", "RESOURCE_UNAVAILABLE"].contains(&call.said.as_str());
            let bound = if from_pool { wait } else { TIMEOUT } + SLACK;
            assert!(call.took() < bound, "{:?} for {}", call.took(), call.said);
        }
    }
}

/// `invocations 10, failures 2 (AWAY 1, POOL_EXHAUSTED 1)`.
impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut codes = BTreeMap::<&str, usize>::new();
        self.failures().for_each(|call| *codes.entry(&call.said).or_default() += 1);
        write!(f, "invocations {}, failures {}", self.0.len(), self.failures().count())?;
        if codes.is_empty() {
            return Ok(());
        }
        let codes: Vec<_> = codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
        write!(f, " ({})", codes.join(", "))
    }
}

/// Clients that call one after the other, all the time.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    callers: JoinSet<Vec<Call>>,
}

/// How many clients make a load.
pub(crate) const CALLERS: usize = 8;

impl Load {
    pub(crate) fn start(service: &Arc<TestService>) -> Self {
        let (over, served) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (service, over, served) = (service.clone(), over.clone(), served.clone());
            callers.spawn(async move {
                let mut calls = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    let call = call(&service, "/id").await;
                    served.fetch_add(usize::from(call.worked()), Ordering::SeqCst);
                    calls.push(call);
                    // What a client does between two calls; one that is refused at once must not spin.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                calls
            });
        }
        Self { over, served, callers }
    }

    /// Waits until so many more calls have worked.
    pub(crate) async fn served(&self, more: usize) {
        let before = self.served.load(Ordering::SeqCst);
        until("calls that work", || self.served.load(Ordering::SeqCst) >= before + more).await;
    }

    pub(crate) async fn end(self) -> Calls {
        self.over.store(true, Ordering::SeqCst);
        Calls(self.callers.join_all().await.into_iter().flatten().collect())
    }
}
