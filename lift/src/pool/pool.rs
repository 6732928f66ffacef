use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::connecting::Opener;
use super::core::Core;
use super::settings::PoolSettings;
use super::{BreakerState, PoolError, Pooled, Stats};
use crate::clock::{Clock, Deadline};
use crate::config::{Invalid, Section, Settings};
use crate::error::BoxError;
use crate::resource::{Context, Judgement, Managed, Opened, Opening, Resource, ResourceSpec, User, Warm};

/// The pool of a resource. A handler argument of this type borrows a connection only where it needs one, with
/// [`get`](Self::get).
pub struct Pool<R: Resource> {
    core: Arc<Core<R>>,
    user: User,
    deadline: Deadline,
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
    /// A pool of its own, outside of any app; [`close`](Self::close) ends it. Nothing maintains it in the background:
    /// what is too old is replaced when it is asked for.
    #[must_use]
    pub fn new(config: R::Config, settings: PoolSettings) -> Self {
        Self::with_clock(config, settings, &Clock::system())
    }

    /// As [`new`](Self::new), with a clock for the ages of connections, which a test may hold. Waits are timed by tokio.
    #[must_use]
    pub fn with_clock(config: R::Config, settings: PoolSettings, clock: &Clock) -> Self {
        let settings = PoolSettings { max_size: settings.max_size.clamp(1, 10_000), ..settings };
        Self::build(R::spec(), settings, Opener::Settings(config), clock.clone())
    }

    /// Reads the settings and builds the pool; nothing is opened yet.
    pub(super) fn open(
        opening: &Opening<'_>,
        spec: ResourceSpec,
        mut section: Section<'_>,
    ) -> Result<Opened, Invalid> {
        let settings = PoolSettings::read(&spec, section.nested("pool"), &opening.taken);
        let opener = match opening.overrides.get::<R>() {
            Some(substitute) => Opener::Substitute(substitute),
            None => Opener::Settings(R::Config::read(&mut section.in_code(spec.settings_attribute()))?),
        };
        let pool = Self::build(spec, settings?, opener, opening.clock.clone());
        Ok(Opened { managed: Arc::new(Lifecycle(pool.core.clone())), value: Arc::new(pool) })
    }

    pub(super) fn build(spec: ResourceSpec, settings: PoolSettings, opener: Opener<R>, clock: Clock) -> Self {
        Self { core: Core::new(spec, settings, opener, clock), user: User::NOBODY, deadline: Deadline::NONE }
    }

    /// The pool for a call.
    pub(super) fn of(context: &Context) -> Option<Self> {
        let pool: Arc<Self> = context.find()?;
        Some(pool.lend_to(context.holder(), context.deadline()))
    }

    /// The same pool for one function and its deadline.
    pub(super) fn lend_to(&self, user: User, deadline: Deadline) -> Self {
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
    /// invocation has left. Callers that wait are served in the order they came.
    ///
    /// # Errors
    /// [`PoolError`], which says why.
    pub async fn get(&self) -> Result<Pooled<R>, PoolError> {
        self.core.get(|| self.limit(), self.user).await
    }

    /// Borrows several connections at once. Until as many are there, the caller holds none of them, so that callers never
    /// wait for each other; those that come later wait behind it.
    ///
    /// The whole wait is bounded as that of [`get`](Self::get).
    ///
    /// # Errors
    /// [`PoolError`], which says why; [`TooMany`](PoolError::TooMany) when `count` is more than `max_size`.
    pub async fn get_many(&self, count: usize) -> Result<Vec<Pooled<R>>, PoolError> {
        self.core.borrow_many(count, self.limit(), self.user).await
    }

    /// As [`get_many`](Self::get_many), for a caller part of whose time is over.
    pub(super) async fn get_rest(&self, count: usize, over: Duration) -> Result<Vec<Pooled<R>>, PoolError> {
        self.core.borrow_many(count, self.limit().saturating_sub(over), self.user).await
    }

    fn limit(&self) -> Duration {
        let wait = self.core.settings.wait;
        self.deadline.remaining().map_or(wait, |left| wait.min(left / 2))
    }

    /// Borrows a connection, waiting for `limit` instead of the setting `wait`; by half of the time that the invocation
    /// has left it is bounded all the same.
    ///
    /// # Errors
    /// [`PoolError`], which says why.
    pub async fn get_within(&self, limit: Duration) -> Result<Pooled<R>, PoolError> {
        let limit = || self.deadline.remaining().map_or(limit, |left| limit.min(left / 2));
        self.core.get(limit, self.user).await
    }

    /// Borrows a connection that is at hand and needs no round trip; `None` when there is none, or when others wait.
    /// Opens none.
    #[must_use]
    pub fn try_get(&self) -> Option<Pooled<R>> {
        self.core.try_get(self.user)
    }

    /// Replaces every connection: closes those that are idle now, and those that are lent or being opened when they come
    /// back. For a password that has changed, or a server that others have to take over from.
    pub fn evict_all(&self) {
        self.core.evict_all();
    }

    /// Changes `max_size`, 1 to 10,000; a number outside counts as the nearer end. When there are more connections, idle
    /// ones are closed at once and lent ones when they come back.
    pub fn resize(&self, max_size: usize) {
        self.core.resize(max_size.clamp(1, 10_000));
    }

    /// Opens connections until `count` of them are idle, or as many as the pool may have; up to four at a time.
    ///
    /// # Errors
    /// [`PoolError`] when a connect fails or `wait` is over; what has been opened stays.
    pub async fn warm(&self, count: usize) -> Result<(), PoolError> {
        self.core.warm(count).await
    }

    /// Closes what has been idle or has lived for too long, tops up to `min_idle` and logs suspected leaks. An app does
    /// this for its pools. Never waits.
    pub fn maintain(&self) {
        self.core.maintain();
    }

    /// Refuses new callers, closes what is idle and waits for every cleanup that has begun. A connection that is lent
    /// still is closed when it comes back.
    pub async fn close(&self) {
        self.core.shut();
        self.core.departures.finished().await;
    }

    #[cfg(test)]
    pub(super) fn core_for_tests(&self) -> &Core<R> {
        &self.core
    }

    #[cfg(test)]
    pub(super) fn lifecycle_for_tests(&self) -> Lifecycle<R> {
        Lifecycle(self.core.clone())
    }

    /// The pool's numbers at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }
}

/// A pool as the app sees it.
pub(super) struct Lifecycle<R: Resource>(Arc<Core<R>>);

impl<R: Resource> Managed for Lifecycle<R> {
    fn spec(&self) -> &ResourceSpec {
        &self.0.spec
    }

    fn warm(&self) -> Warm {
        self.0.settings.warm
    }

    fn describe(&self) -> String {
        self.0.settings.to_string()
    }

    fn stats(&self) -> Option<Stats> {
        Some(self.0.stats())
    }

    fn initialized(&self) -> bool {
        self.0.was_opened()
    }

    fn start(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async move { Ok(self.0.warm(self.0.warms()).await?) })
    }

    fn try_again(&self) {
        self.0.connects().breaker.half_open();
    }

    fn check(&self, within: Duration) -> BoxFuture<'_, Result<Judgement, BoxError>> {
        Box::pin(async move {
            let core = &self.0;
            if let Some(stuck) = core.stuck() {
                return Err(crate::error::boxed(stuck));
            }
            if core.is_busy() && core.breaker() == BreakerState::Closed {
                return Ok(Judgement::Busy);
            }
            let limit = || core.settings.wait.min(within / 2);
            let mut connection = match core.get(limit, User::HEALTH).await {
                Ok(connection) => connection,
                // Others were faster; those who wait for the same are served one after the other.
                Err(PoolError::Exhausted { .. }) => return Ok(Judgement::Busy),
                Err(error) => return Err(error.into()),
            };
            match connection.validate().await {
                Ok(()) => Ok(Judgement::Working),
                Err(error) => {
                    connection.discard();
                    Err(error)
                }
            }
        })
    }

    fn maintain(&self) {
        self.0.maintain();
    }

    fn empty(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.empty();
            self.0.departures.finished().await;
        })
    }

    fn refuse(&self) {
        self.0.refuse();
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.shut();
            self.0.departures.finished().await;
        })
    }
}
