use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool::managed::{self, PoolConfig, QueueMode, Timeouts};
use futures_util::future::BoxFuture;

use super::connection::Closer;
use super::manager::{Manager, Opener};
use super::settings::PoolSettings;
use super::{PoolError, Pooled};
use crate::clock::{Clock, Deadline, Moment};
use crate::config::{Invalid, Section, Settings};
use crate::error::BoxError;
use crate::resource::{Judgement, Managed, Opened, Opening, Resource, ResourceSpec, Warm};

/// The pool of a resource. A handler argument of this type borrows a connection only where it needs one, with
/// [`get`](Self::get).
pub struct Pool<R: Resource> {
    core: Arc<Core<R>>,
    user: &'static str,
    deadline: Deadline,
}

pub(super) struct Core<R: Resource> {
    spec: ResourceSpec,
    objects: managed::Pool<Manager<R>>,
    lent: Mutex<Vec<Lent>>,
    waiting: AtomicUsize,
}

/// Who holds a connection since when.
struct Lent {
    id: managed::ObjectId,
    since: Moment,
    by: &'static str,
}

/// A pool's numbers at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections lent.
    pub in_use: usize,
    /// Connections that wait to be lent.
    pub idle: usize,
    /// Callers that wait.
    pub waiting: usize,
    /// The most connections at a time.
    pub max_size: usize,
    /// Connections opened since the start.
    pub created: usize,
    /// Connections closed since the start.
    pub closed: usize,
}

impl<R: Resource> Clone for Pool<R> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), user: self.user, deadline: self.deadline }
    }
}

impl<R: Resource> fmt::Debug for Pool<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("name", &self.name()).field("stats", &self.stats()).finish()
    }
}

impl<R: Resource> Pool<R> {
    /// Reads the settings and builds the pool; nothing is opened yet.
    pub(super) fn open(
        opening: &Opening<'_>,
        spec: ResourceSpec,
        mut section: Section<'_>,
    ) -> Result<Opened, Invalid> {
        let settings = PoolSettings::read(&spec, section.nested("pool"), opening.per_call);
        let opener = match opening.overrides.get::<R>() {
            Some(substitute) => Opener::Substitute(substitute),
            None => {
                let defaults = spec.defaults.clone();
                let config = R::Config::read(&mut section.with_defaults(&defaults));
                Opener::Settings(config?)
            }
        };
        let pool = Self::build(spec, settings?, opener, opening.clock.clone());
        Ok(Opened { managed: Arc::new(pool.core.clone()), value: Arc::new(pool) })
    }

    fn build(spec: ResourceSpec, settings: PoolSettings, opener: Opener<R>, clock: Clock) -> Self {
        let closer = Arc::new(Closer::default());
        let mut config = PoolConfig::new(settings.max_size);
        // The most recently used connection first, so that the others can grow old and be closed.
        config.queue_mode = QueueMode::Lifo;
        config.timeouts = Timeouts::default();
        let manager =
            Manager { name: spec.name, opener, settings, clock, closer, created: AtomicUsize::new(0) };
        let objects = match managed::Pool::builder(manager).config(config).build() {
            Ok(objects) => objects,
            // Building fails only when a time-out is configured without a runtime; none is.
            Err(error) => unreachable!("{error}"),
        };
        let core = Core { spec, objects, lent: Mutex::default(), waiting: AtomicUsize::new(0) };
        Self { core: Arc::new(core), user: "-", deadline: Deadline::NONE }
    }

    /// The same pool for one function and its deadline.
    pub(super) fn lend_to(&self, user: &'static str, deadline: Deadline) -> Self {
        Self { core: self.core.clone(), user, deadline }
    }

    /// The resource's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.core.spec.name
    }

    /// Borrows a connection.
    ///
    /// The whole wait (queue, validation, connect) is bounded by the setting `wait` and by half of the time that the
    /// invocation has left.
    ///
    /// # Errors
    /// [`PoolError`], which says why.
    pub async fn get(&self) -> Result<Pooled<R>, PoolError> {
        let settings = &self.core.objects.manager().settings;
        let limit = match self.deadline.remaining() {
            Some(left) => settings.wait.min(left / 2),
            None => settings.wait,
        };
        Core::get(&self.core, limit, self.user).await
    }

    /// The pool's numbers at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }
}

impl<R: Resource> Core<R> {
    async fn get(self: &Arc<Self>, limit: Duration, by: &'static str) -> Result<Pooled<R>, PoolError> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        let pool = self.spec.name;
        match tokio::time::timeout(limit, self.objects.get()).await {
            Ok(Ok(object)) => {
                drop(waiting);
                let since = self.objects.manager().clock.now();
                self.lent().push(Lent { id: managed::Object::id(&object), since, by });
                Ok(Pooled::lent(object, self.clone()))
            }
            Ok(Err(managed::PoolError::Closed)) => Err(PoolError::Closed { pool }),
            Ok(Err(managed::PoolError::Backend(source))) => Err(PoolError::Connect { pool, source }),
            Ok(Err(error)) => Err(PoolError::Connect { pool, source: error.to_string().into() }),
            Err(_) => Err(self.timed_out(limit)),
        }
    }

    /// Why nothing came within the limit: everything is lent, or a connect takes too long.
    fn timed_out(&self, limit: Duration) -> PoolError {
        let now = self.objects.manager().clock.now();
        let lent = self.lent();
        let (pool, waiting) = (self.spec.name, self.waiting.load(Ordering::Relaxed));
        let longest = lent.iter().map(|lent| (now.since(lent.since), lent.by)).max();
        match longest {
            Some((longest_held, by)) if lent.len() >= self.objects.manager().settings.max_size => {
                PoolError::Exhausted { pool, in_use: lent.len(), waiting, longest_held, by }
            }
            _ => {
                let source = format!("no connection within {}", crate::config::duration_text(limit)).into();
                PoolError::Connect { pool, source }
            }
        }
    }

    /// One round trip on a lent connection.
    pub(super) async fn validate(&self, object: &mut managed::Object<Manager<R>>) -> Result<(), BoxError> {
        self.objects.manager().validate(object).await
    }

    fn lent(&self) -> std::sync::MutexGuard<'_, Vec<Lent>> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection back, or closes it when it must not be lent again.
    pub(super) fn take_back(&self, mut object: managed::Object<Manager<R>>, reusable: bool) {
        let id = managed::Object::id(&object);
        self.lent().retain(|lent| lent.id != id);
        if reusable && object.is_valid() {
            object.idle_since = self.objects.manager().clock.now();
        } else {
            // Leaving the pool closes it, and frees its place.
            drop(managed::Object::take(object));
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let status = self.objects.status();
        let manager = self.objects.manager();
        let in_use = self.lent().len();
        Stats {
            in_use,
            idle: status.size.saturating_sub(in_use),
            waiting: self.waiting.load(Ordering::Relaxed),
            max_size: manager.settings.max_size,
            created: manager.created.load(Ordering::Relaxed),
            closed: manager.closer.closed(),
        }
    }
}

impl<R: Resource> Managed for Arc<Core<R>> {
    fn spec(&self) -> &ResourceSpec {
        &self.spec
    }

    fn warm(&self) -> Warm {
        self.objects.manager().settings.warm
    }

    fn describe(&self) -> String {
        self.objects.manager().settings.to_string()
    }

    fn initialized(&self) -> bool {
        self.objects.manager().created.load(Ordering::Relaxed) > 0
    }

    fn start(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async move {
            let settings = &self.objects.manager().settings;
            if settings.warm == Warm::Lazy {
                return Ok(());
            }
            Core::get(self, settings.wait, "start").await?;
            Ok(())
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<Judgement, BoxError>> {
        Box::pin(async move {
            let stats = self.stats();
            if stats.waiting > 0 || stats.in_use >= stats.max_size {
                return Ok(Judgement::Busy);
            }
            let settings = &self.objects.manager().settings;
            let mut connection = Core::get(self, settings.wait, "health").await?;
            match connection.validate().await {
                Ok(()) => Ok(Judgement::Working),
                Err(error) => {
                    connection.discard();
                    Err(error)
                }
            }
        })
    }

    fn refuse(&self) {
        // Idle connections leave through `retain`, which keeps them in hand; `close` alone would drop them too, but
        // only after new callers are refused.
        drop(self.objects.retain(|_, _| false));
        self.objects.close();
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.refuse();
            self.objects.manager().closer.finished().await;
        })
    }
}
