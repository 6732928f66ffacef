//! A backend that does what a test says, and counts.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::clock::Clock;
use crate::config::NoSettings;
use crate::error::BoxError;
use crate::pool::connecting::Opener;
use crate::pool::{Pool, PoolSettings, Pooled};
use crate::resource::{Init, Resource, ResourceSpec};

/// What connects and round trips do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// Refuses at once.
    Refuses,
    /// Never answers.
    Hangs,
    /// Panics while it opens; a round trip works.
    Panics,
    /// Never answers, and panics when a connect is given up.
    HangsAndPanics,
    /// Takes connects whose connections are of no use after so many looks at them.
    Useless(usize),
}

/// What the backend has seen.
pub(super) struct Seen {
    pub(super) mood: Mood,
    /// How long a connect takes.
    pub(super) connect: Duration,
    /// How long a round trip takes.
    pub(super) round_trip: Duration,
    /// How long a cleanup takes.
    pub(super) cleanup: Duration,
    /// Cleanups that have ended.
    pub(super) cleanups: usize,
    pub(super) attempts: usize,
    /// Connects that were refused, that panicked, or that hung, whether or not they have been given up yet.
    pub(super) bad_connects: usize,
    /// Whether the last connect that ended, or hangs, was a bad one.
    pub(super) last_was_bad: bool,
    /// Connects that hang at this moment.
    pub(super) hanging: usize,
    /// Round trips that failed or hung.
    pub(super) bad_round_trips: usize,
    pub(super) round_trips: usize,
    /// Whether a look at a connection panics.
    pub(super) look_panics: bool,
    pub(super) next: usize,
    /// The connections that are open and belong to the pool.
    pub(super) open: BTreeSet<usize>,
    /// Those that were taken out of the pool and are still open.
    pub(super) taken: BTreeSet<usize>,
    /// Those of them that the backend has dropped on its side.
    pub(super) dead: BTreeSet<usize>,
    /// The most that the pool had open at a time.
    pub(super) most: usize,
}

#[derive(Clone)]
pub(super) struct Backend(Arc<Mutex<Seen>>);

impl Backend {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Seen {
            mood: Mood::Well,
            connect: Duration::ZERO,
            round_trip: Duration::ZERO,
            cleanup: Duration::ZERO,
            cleanups: 0,
            attempts: 0,
            bad_connects: 0,
            last_was_bad: false,
            hanging: 0,
            bad_round_trips: 0,
            round_trips: 0,
            look_panics: false,
            next: 0,
            open: BTreeSet::new(),
            taken: BTreeSet::new(),
            dead: BTreeSet::new(),
            most: 0,
        })))
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }

    /// All connections are dead from now on; their clients see it only when they ask.
    pub(super) fn restart(&self) {
        let mut seen = self.seen();
        seen.dead = seen.open.clone();
    }

    pub(super) fn pool(&self, clock: &Clock, settings: PoolSettings) -> Pool<Session> {
        let backend = self.clone();
        let open = Arc::new(move || {
            let backend = backend.clone();
            Box::pin(async move { backend.connect().await }) as futures_util::future::BoxFuture<'static, _>
        });
        Pool::build(ResourceSpec::named("test"), settings, Opener::Substitute(open), clock.clone())
    }

    async fn connect(&self) -> Result<Session, BoxError> {
        let delay = {
            let mut seen = self.seen();
            seen.attempts += 1;
            seen.connect
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let mood = {
            let mut seen = self.seen();
            seen.last_was_bad = seen.mood != Mood::Well;
            seen.bad_connects += usize::from(seen.mood != Mood::Well);
            seen.mood
        };
        match mood {
            Mood::Refuses => Err("connection refused".into()),
            Mood::Hangs => {
                struct Hanging(Backend);
                impl Drop for Hanging {
                    fn drop(&mut self) {
                        self.0.seen().hanging -= 1;
                    }
                }
                self.seen().hanging += 1;
                let _hanging = Hanging(self.clone());
                std::future::pending().await
            }
            Mood::HangsAndPanics => {
                struct Bug;
                impl Drop for Bug {
                    fn drop(&mut self) {
                        std::panic::resume_unwind(Box::new("a bug in giving up"));
                    }
                }
                let _bug = Bug;
                std::future::pending().await
            }
            Mood::Panics => std::panic::resume_unwind(Box::new("a bug in opening")),
            Mood::Well | Mood::Useless(_) => {
                let mut seen = self.seen();
                seen.next += 1;
                let id = seen.next;
                seen.open.insert(id);
                seen.most = seen.most.max(seen.open.len());
                let looks = if let Mood::Useless(looks) = mood { looks } else { usize::MAX };
                Ok(Session { id, valid: true, looks: AtomicUsize::new(looks), backend: self.clone() })
            }
        }
    }
}

/// One connection to the backend.
pub(super) struct Session {
    pub(super) id: usize,
    pub(super) valid: bool,
    /// How many looks at it are left before it is of no use.
    looks: AtomicUsize,
    backend: Backend,
}

impl Session {
    /// Takes it out of its pool, which may open another one from then on.
    pub(super) fn take(session: Pooled<Self>) -> Self {
        {
            let mut seen = session.backend.seen();
            seen.open.remove(&session.id);
            seen.taken.insert(session.id);
        }
        session.take()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut seen = self.backend.seen();
        let closed = seen.open.remove(&self.id) || seen.taken.remove(&self.id);
        drop(seen);
        assert!(closed, "connection {} is closed twice", self.id);
    }
}

impl Resource for Session {
    type Config = NoSettings;
    type Error = BoxError;

    async fn initialize(_: &NoSettings, _: &Init) -> Result<Self, BoxError> {
        Err("the backend opens its sessions".into())
    }

    fn is_valid(&self) -> bool {
        if self.backend.seen().look_panics {
            std::panic::resume_unwind(Box::new("a bug in looking"));
        }
        let look = |looks: usize| looks.checked_sub(1);
        self.valid && self.looks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, look).is_ok()
    }

    async fn health_check(&mut self) -> Result<(), BoxError> {
        let (mood, delay) = {
            let mut seen = self.backend.seen();
            seen.round_trips += 1;
            let dead = seen.dead.contains(&self.id);
            seen.bad_round_trips += usize::from(dead || matches!(seen.mood, Mood::Refuses | Mood::Hangs));
            (if seen.dead.contains(&self.id) { Mood::Hangs } else { seen.mood }, seen.round_trip)
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match mood {
            Mood::Well | Mood::Panics | Mood::Useless(_) => Ok(()),
            Mood::Refuses => Err("reset by peer".into()),
            Mood::Hangs | Mood::HangsAndPanics => std::future::pending().await,
        }
    }

    async fn cleanup(self) {
        let delay = self.backend.seen().cleanup;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.backend.seen().cleanups += 1;
    }
}

/// The settings of a pool of at most `max_size`, everything else as by default.
pub(super) fn at_most(max_size: usize) -> PoolSettings {
    PoolSettings { max_size, ..PoolSettings::default() }
}

/// Runs other tasks until they have nothing left to do now.
pub(super) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
