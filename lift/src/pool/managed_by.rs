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
        let object = manager.create().await.map_err(crate::error::boxed)?;
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use deadpool::managed::RecycleResult;

    use super::*;

    /// Refuses to recycle 0, and counts what it has let go.
    #[derive(Clone, Default)]
    struct Counted(Arc<AtomicUsize>);

    impl Manager for Counted {
        type Type = usize;
        type Error = std::io::Error;

        async fn create(&self) -> std::io::Result<usize> {
            Ok(1)
        }

        async fn recycle(&self, object: &mut usize, metrics: &Metrics) -> RecycleResult<std::io::Error> {
            match *object {
                0 => Err(RecycleError::message("it is used up")),
                1 => {
                    *object = 10 + metrics.recycle_count;
                    Ok(())
                }
                _ => Err(std::io::Error::other("gone").into()),
            }
        }

        fn detach(&self, _: &mut usize) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Settings for Counted {
        fn read(_: &mut Section<'_>) -> Result<Self, Invalid> {
            Ok(Self::default())
        }
    }

    impl ManagerSettings for Counted {
        type Manager = Self;

        fn manager(&self) -> Self {
            self.clone()
        }
    }

    #[tokio::test]
    async fn a_manager_opens_recycles_and_lets_go() {
        let manager = Counted::default();
        let made = Made::<Counted>(Arc::new(manager.clone()));
        let mut object = ManagedBy::initialize(&made, &Init::new("x", Duration::from_secs(1))).await.unwrap();
        for count in [10, 11, 12] {
            assert_eq!(*object, 1);
            object.health_check().await.unwrap();
            assert_eq!(*object, count);
            *object = 1;
        }
        *object = 0;
        assert_eq!(object.health_check().await.unwrap_err().to_string(), "it is used up");
        *object = 2;
        assert_eq!(object.health_check().await.unwrap_err().to_string(), "gone");
        object.cleanup().await;
        assert_eq!(manager.0.load(Ordering::Relaxed), 1);
    }
}
