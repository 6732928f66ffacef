use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use deadpool::managed::{Manager, Metrics, RecycleError};

use crate::config::{Invalid, Section, Settings};
use crate::error::BoxError;
use crate::resource::{Init, Resource};

/// Settings from which a deadpool manager is made.
pub trait ManagerSettings: Settings {
    /// The manager that opens and recycles.
    type Manager: Manager<Type: Send + Sync + 'static, Error: Into<BoxError> + Send> + 'static;

    /// Makes the manager, once for each pool.
    fn manager(&self) -> Self::Manager;
}

/// A connection of an existing [`deadpool::managed::Manager`], as a resource.
///
/// Opening is the manager's `create`, the round trip its `recycle`, closing its `detach`.
///
/// ```
/// use deadpool::managed::{Manager, Metrics, RecycleResult};
/// use lift::config::{Invalid, Section, Settings};
/// use lift::pool::{ManagedBy, ManagerSettings};
/// use lift::prelude::*;
///
/// /// Somebody else's manager.
/// pub struct Counters(u64);
///
/// impl Manager for Counters {
///     type Type = u64;
///     type Error = std::io::Error;
///
///     async fn create(&self) -> std::io::Result<u64> {
///         Ok(self.0)
///     }
///
///     async fn recycle(&self, _: &mut u64, _: &Metrics) -> RecycleResult<std::io::Error> {
///         Ok(())
///     }
/// }
///
/// pub struct CounterSettings {
///     first: u64,
/// }
///
/// impl Settings for CounterSettings {
///     fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
///         Ok(Self { first: section.or("first", 1)? })
///     }
/// }
///
/// impl ManagerSettings for CounterSettings {
///     type Manager = Counters;
///
///     fn manager(&self) -> Counters {
///         Counters(self.first)
///     }
/// }
///
/// #[derive(Resource)]
/// #[resource(name = "counter")]
/// pub struct Counter(ManagedBy<CounterSettings>);
///
/// #[lift::handler(GET, "/next")]
/// async fn next(mut counter: Pooled<Counter>) -> String {
///     ***counter += 1; // through `Pooled`, `Counter` and `ManagedBy`
///     (***counter).to_string()
/// }
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let app = App::new("test").handlers(lift::handlers![next]).test().var("COUNTER_FIRST", "41").start().await?;
/// # assert_eq!(app.get("/next").await?.text(), "42");
/// # assert_eq!(app.get("/next").await?.text(), "43");
/// # Ok::<_, lift::Error>(()) }).unwrap();
/// ```
pub struct ManagedBy<S: ManagerSettings> {
    object: <S::Manager as Manager>::Type,
    metrics: Metrics,
    manager: Arc<S::Manager>,
}

/// The settings with the manager that was made from them.
pub struct Made<S: ManagerSettings>(Arc<S::Manager>);

impl<S: ManagerSettings> Settings for Made<S> {
    fn read(section: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self(Arc::new(S::read(section)?.manager())))
    }
}

impl<S: ManagerSettings> Deref for ManagedBy<S> {
    type Target = <S::Manager as Manager>::Type;

    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl<S: ManagerSettings> DerefMut for ManagedBy<S> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.object
    }
}

#[diagnostic::do_not_recommend]
impl<S: ManagerSettings> Resource for ManagedBy<S> {
    type Config = Made<S>;
    type Error = BoxError;

    async fn initialize(config: &Made<S>, _: &Init) -> Result<Self, BoxError> {
        let manager = config.0.clone();
        let object = manager.create().await.map_err(Into::into)?;
        Ok(Self { object, metrics: Metrics::default(), manager })
    }

    async fn health_check(&mut self) -> Result<(), BoxError> {
        let recycled = self.manager.recycle(&mut self.object, &self.metrics).await;
        self.metrics.recycle_count += 1;
        recycled.map_err(|error| match error {
            RecycleError::Backend(error) => error.into(),
            RecycleError::Message(text) => text.into(),
        })
    }

    async fn cleanup(mut self) {
        self.manager.detach(&mut self.object);
    }
}
