//! Lift's pool and its peers behind one trait, each set up as its documentation recommends, with the same size.

use std::future::Future;
use std::time::Duration;

use deadpool::{managed, unmanaged};
use futures_util::future::join_all;
use lift::pool::PoolSettings;
use lift::{BoxError, Init};

use super::backend::{Backend, Connection, VALIDATE_TIMEOUT};

/// The columns of the table.
pub(crate) const NAMES: [&str; 6] =
    [Lift::NAME, Managed::NAME, Bounded::NAME, Unmanaged::NAME, Bb8::NAME, Mobc::NAME];

/// One kind of pool.
pub(crate) trait Peer: Clone + Send + Sync + 'static {
    /// Its column in the table.
    const NAME: &str;

    /// What a borrower holds.
    type Lent<'a>: Send;

    /// A pool of at most `size` connections, without any yet.
    fn new(backend: Backend, size: usize) -> impl Future<Output = Self> + Send;

    /// The same, with a round trip at checkout however short a connection was idle.
    fn strict(backend: Backend, size: usize) -> impl Future<Output = Self> + Send {
        Self::new(backend, size)
    }

    /// Borrows a connection; it is returned when it is dropped.
    fn get(&self) -> impl Future<Output = Self::Lent<'_>> + Send;

    /// Opens `count` connections, by the pool's own means or, where it has none, by that many borrowers at once.
    fn warm(&self, count: usize) -> impl Future<Output = ()> + Send {
        async move {
            drop(join_all((0..count).map(|_| self.get())).await);
        }
    }
}

// Lift.

pub(crate) struct Lifted(Connection);

impl lift::Resource for Lifted {
    type Config = Backend;
    type Error = BoxError;

    async fn initialize(backend: &Backend, _: &Init) -> Result<Self, BoxError> {
        Ok(Self(backend.open().await))
    }

    fn is_valid(&self) -> bool {
        self.0.looks_open()
    }

    async fn health_check(&mut self) -> Result<(), BoxError> {
        self.0.ping().await;
        Ok(())
    }
}

/// The default settings: lifetimes, validation, statistics, both clocks and the bound of the whole `get`.
#[derive(Clone)]
pub(crate) struct Lift(lift::Pool<Lifted>);

impl Lift {
    fn with(backend: Backend, size: usize, set: impl FnOnce(&mut PoolSettings)) -> Self {
        let mut settings = PoolSettings::default();
        settings.max_size = size;
        settings.validate_timeout = VALIDATE_TIMEOUT;
        set(&mut settings);
        Self(lift::Pool::new(backend, settings))
    }
}

impl Peer for Lift {
    const NAME: &str = "lift";
    type Lent<'a> = lift::Pooled<Lifted>;

    async fn new(backend: Backend, size: usize) -> Self {
        Self::with(backend, size, |_| {})
    }

    async fn strict(backend: Backend, size: usize) -> Self {
        Self::with(backend, size, |settings| settings.validate_after = Duration::ZERO)
    }

    async fn get(&self) -> Self::Lent<'_> {
        self.0.get().await.unwrap()
    }

    async fn warm(&self, count: usize) {
        self.0.warm(count).await.unwrap();
    }
}

// deadpool, managed.

pub(crate) struct Manager(Backend);

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = BoxError;

    async fn create(&self) -> Result<Connection, BoxError> {
        Ok(self.0.open().await)
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &managed::Metrics,
    ) -> managed::RecycleResult<BoxError> {
        connection.ping().await;
        Ok(())
    }
}

/// Without any time-out, as its documentation shows it: its fastest form.
#[derive(Clone)]
pub(crate) struct Managed(managed::Pool<Manager>);

impl Peer for Managed {
    const NAME: &str = "deadpool managed";
    type Lent<'a> = managed::Object<Manager>;

    async fn new(backend: Backend, size: usize) -> Self {
        Self(managed::Pool::builder(Manager(backend)).max_size(size).build().unwrap())
    }

    async fn get(&self) -> Self::Lent<'_> {
        self.0.get().await.unwrap()
    }
}

/// The same with time-outs for waiting, creating and recycling, which lift's `get` always has.
#[derive(Clone)]
pub(crate) struct Bounded(managed::Pool<Manager>);

impl Peer for Bounded {
    const NAME: &str = "… with 3 time-outs";
    type Lent<'a> = managed::Object<Manager>;

    async fn new(backend: Backend, size: usize) -> Self {
        let pool = managed::Pool::builder(Manager(backend))
            .max_size(size)
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(2)))
            .create_timeout(Some(Duration::from_secs(1)))
            .recycle_timeout(Some(VALIDATE_TIMEOUT));
        Self(pool.build().unwrap())
    }

    async fn get(&self) -> Self::Lent<'_> {
        self.0.get().await.unwrap()
    }
}

// deadpool, unmanaged: a fair bag of things that are there already.

#[derive(Clone)]
pub(crate) struct Unmanaged(unmanaged::Pool<Connection>);

impl Peer for Unmanaged {
    const NAME: &str = "deadpool unmanaged";
    type Lent<'a> = unmanaged::Object<Connection>;

    async fn new(backend: Backend, size: usize) -> Self {
        let connections = join_all((0..size).map(|_| backend.open())).await;
        Self(unmanaged::Pool::from(connections))
    }

    async fn get(&self) -> Self::Lent<'_> {
        self.0.get().await.unwrap()
    }
}

// bb8.

impl bb8::ManageConnection for Manager {
    type Connection = Connection;
    type Error = BoxError;

    async fn connect(&self) -> Result<Connection, BoxError> {
        Ok(self.0.open().await)
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<(), BoxError> {
        connection.ping_bounded().await
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        !connection.looks_open()
    }
}

#[derive(Clone)]
pub(crate) struct Bb8(bb8::Pool<Manager>);

impl Peer for Bb8 {
    const NAME: &str = "bb8";
    type Lent<'a> = bb8::PooledConnection<'a, Manager>;

    async fn new(backend: Backend, size: usize) -> Self {
        let size = u32::try_from(size).unwrap();
        Self(bb8::Pool::builder().max_size(size).build(Manager(backend)).await.unwrap())
    }

    async fn get(&self) -> Self::Lent<'_> {
        self.0.get().await.unwrap()
    }
}

// mobc.

#[mobc::async_trait]
impl mobc::Manager for Manager {
    type Connection = Connection;
    type Error = BoxError;

    async fn connect(&self) -> Result<Connection, BoxError> {
        Ok(self.0.open().await)
    }

    async fn check(&self, connection: Connection) -> Result<Connection, BoxError> {
        connection.ping_bounded().await?;
        Ok(connection)
    }

    fn validate(&self, connection: &mut Connection) -> bool {
        connection.looks_open()
    }
}

/// As many may be idle as may be open; by default only two.
#[derive(Clone)]
pub(crate) struct Mobc(mobc::Pool<Manager>);

impl Peer for Mobc {
    const NAME: &str = "mobc";
    type Lent<'a> = mobc::Connection<Manager>;

    async fn new(backend: Backend, size: usize) -> Self {
        let size = size.try_into().unwrap();
        Self(mobc::Pool::builder().max_open(size).max_idle(size).build(Manager(backend)))
    }

    async fn get(&self) -> Self::Lent<'_> {
        self.0.get().await.unwrap_or_else(|_| unreachable!("the backend refuses nobody"))
    }
}
