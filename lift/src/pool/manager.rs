use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};

use super::connection::{Closer, Connection};
use super::settings::PoolSettings;
use crate::clock::Clock;
use crate::config::duration_text;
use crate::error::BoxError;
use crate::resource::{Init, Resource, Substitute};

/// A connection that was idle for longer has its driver run once before it is judged, so that a driver task can
/// notice the end of its stream.
const DRIVER_MAY_SLEEP: Duration = Duration::from_millis(5);

/// How connections are opened: by the resource from its settings, or by a test's substitute.
pub(super) enum Opener<R: Resource> {
    Settings(R::Config),
    Substitute(Substitute<R>),
}

/// Opens and validates connections for deadpool.
pub(super) struct Manager<R: Resource> {
    pub(super) name: &'static str,
    pub(super) opener: Opener<R>,
    pub(super) settings: PoolSettings,
    pub(super) clock: Clock,
    pub(super) closer: Arc<Closer>,
    pub(super) created: AtomicUsize,
}

impl<R: Resource> Manager<R> {
    async fn open(&self) -> Result<R, BoxError> {
        let limit = self.settings.connect_timeout;
        let opening = async {
            match &self.opener {
                Opener::Settings(config) => {
                    let init = Init::new(self.name, limit);
                    R::initialize(config, &init).await.map_err(Into::into)
                }
                Opener::Substitute(open) => open().await,
            }
        };
        match tokio::time::timeout(limit, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(format!("no answer within {}", duration_text(limit)).into()),
        }
    }

    /// One round trip, bounded.
    pub(super) async fn validate(&self, connection: &mut Connection<R>) -> Result<(), BoxError> {
        let limit = self.settings.validate_timeout;
        let Some(resource) = connection.get_mut() else { return Err("the connection is gone".into()) };
        match tokio::time::timeout(limit, resource.health_check()).await {
            Ok(checked) => checked.map_err(Into::into),
            Err(_) => Err(format!("no answer within {}", duration_text(limit)).into()),
        }
    }
}

impl<R: Resource> managed::Manager for Manager<R> {
    type Type = Connection<R>;
    type Error = BoxError;

    async fn create(&self) -> Result<Connection<R>, BoxError> {
        let resource = self.open().await?;
        self.created.fetch_add(1, Ordering::Relaxed);
        Ok(Connection::new(resource, self.clock.now(), self.closer.clone()))
    }

    async fn recycle(&self, connection: &mut Connection<R>, _: &Metrics) -> RecycleResult<BoxError> {
        let now = self.clock.now();
        let idle = now.since(connection.idle_since);
        if idle > self.settings.idle_timeout || now.since(connection.created) > self.settings.max_lifetime {
            return Err(RecycleError::message("expired"));
        }
        if idle > DRIVER_MAY_SLEEP {
            tokio::task::yield_now().await;
        }
        if !connection.is_valid() {
            return Err(RecycleError::message("no longer valid"));
        }
        if idle > self.settings.validate_after {
            self.validate(connection).await.map_err(RecycleError::Backend)?;
        }
        Ok(())
    }
}
