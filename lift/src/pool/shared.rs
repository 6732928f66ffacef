use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::PoolError;
use super::connecting::Opener;
use super::pool::CONNECT_TIMEOUT;
use crate::config::{Invalid, Section, Settings};
use crate::error::BoxError;
use crate::resource::{Judgement, Managed, Opened, Opening, Resource, ResourceSpec, Warm};

/// A clone of one shared client, or of a value given with [`App::provide`](crate::App::provide).
///
/// In a unit test [`Shared::new`] makes one from a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shared<T>(pub T);

impl<T> Shared<T> {
    /// A value that belongs to no app, for calling a handler from a unit test.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&self.0).finish()
    }
}

/// Where the value of a `Shared<T>` comes from.
pub(super) enum Source<T> {
    Provided(T),
    Opened(Arc<dyn Open<T>>),
}

/// A shared client that is opened once, at the latest at its first use.
pub(super) trait Open<T>: Send + Sync {
    fn get(&self) -> BoxFuture<'_, Result<T, PoolError>>;
}

struct Client<R: Resource> {
    spec: ResourceSpec,
    opener: Opener<R>,
    warm: Warm,
    connect_timeout: Duration,
    cell: OnceCell<R>,
    refused: AtomicBool,
    /// For the task that tries again.
    this: Weak<Self>,
}

impl<T> Shared<T> {
    /// Reads the settings of a shared client; nothing is opened yet.
    pub(super) fn open(
        opening: &Opening<'_>,
        spec: ResourceSpec,
        section: Section<'_>,
    ) -> Result<Opened, Invalid>
    where
        T: Resource + Clone + Sync,
    {
        let opener = match opening.overrides.get::<T>() {
            Some(substitute) => Opener::Substitute(substitute),
            None => {
                let defaults = spec.defaults.clone();
                Opener::Settings(T::Config::read(&mut section.with_defaults(&defaults))?)
            }
        };
        let client = Arc::new_cyclic(|this| Client {
            this: this.clone(),
            opener,
            warm: spec.warm.unwrap_or_default(),
            connect_timeout: spec.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            spec,
            cell: OnceCell::new(),
            refused: AtomicBool::new(false),
        });
        let source: Source<T> = Source::Opened(client.clone());
        Ok(Opened { managed: client, value: Arc::new(source) })
    }
}

impl<R: Resource + Clone + Sync> Client<R> {
    async fn client(&self) -> Result<&R, PoolError> {
        let pool = self.spec.name;
        if self.refused.load(Ordering::Acquire) {
            return Err(PoolError::Closed { pool });
        }
        let open = || self.opener.open(pool, self.connect_timeout);
        self.cell.get_or_try_init(open).await.map_err(|source: BoxError| PoolError::Connect { pool, source })
    }
}

impl<R: Resource + Clone + Sync> Open<R> for Client<R> {
    fn get(&self) -> BoxFuture<'_, Result<R, PoolError>> {
        Box::pin(async move { self.client().await.cloned() })
    }
}

impl<R: Resource + Clone + Sync> Managed for Client<R> {
    fn spec(&self) -> &ResourceSpec {
        &self.spec
    }

    fn warm(&self) -> Warm {
        self.warm
    }

    fn describe(&self) -> String {
        "one shared client".to_owned()
    }

    fn initialized(&self) -> bool {
        self.cell.initialized()
    }

    fn start(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async move {
            if self.warm != Warm::Lazy {
                self.client().await?;
            }
            Ok(())
        })
    }

    /// The service is not ready before a required client has been opened, so that no caller will ask for it.
    fn maintain(&self) {
        let wanted = self.warm == Warm::Required && !self.initialized();
        if let (true, Some(client), Ok(runtime)) =
            (wanted, self.this.upgrade(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                if let Err(error) = client.client().await {
                    tracing::debug!(
                        error = crate::error::chain(&error),
                        "a required client cannot be opened yet"
                    );
                }
            });
        }
    }

    fn check(&self, _: Duration) -> BoxFuture<'_, Result<Judgement, BoxError>> {
        Box::pin(async move {
            let mut client = self.client().await?.clone();
            client.health_check().await.map_err(Into::into)?;
            Ok(Judgement::Working)
        })
    }

    fn refuse(&self) {
        self.refused.store(true, Ordering::Release);
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.refuse();
            if let Some(client) = self.cell.get() {
                client.clone().cleanup().await;
            }
        })
    }
}
