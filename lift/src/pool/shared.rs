use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::PoolError;
use super::client::Client;
use super::connecting::Opener;
use super::settings::ClientSettings;
use crate::clock::Deadline;
use crate::config::{Invalid, Section, Settings};
use crate::resource::{Opened, Opening, Resource, ResourceSpec};

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
    /// The client, for which an invocation with this deadline waits.
    fn get(&self, deadline: Deadline) -> BoxFuture<'_, Result<T, PoolError>>;
}

impl<T> Shared<T> {
    /// Reads the settings of a shared client; nothing is opened yet.
    pub(super) fn open(
        opening: &Opening<'_>,
        spec: ResourceSpec,
        mut section: Section<'_>,
    ) -> Result<Opened, Invalid>
    where
        T: Resource + Clone + Sync,
    {
        let settings = ClientSettings::read(&spec, section.nested("pool"));
        let opener = match opening.overrides.get::<T>() {
            Some(substitute) => Opener::Substitute(substitute),
            None => Opener::Settings(T::Config::read(&mut section.in_code(spec.settings_attribute()))?),
        };
        let client = Client::new(spec, settings?, opener, opening.clock.clone());
        let source: Source<T> = Source::Opened(client.clone());
        Ok(Opened { managed: client, value: Arc::new(source) })
    }
}
