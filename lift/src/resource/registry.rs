use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Managed, Stats};
use crate::error::BoxError;

/// What stands in for opening an `R`, for a test.
pub(crate) type Substitute<R> = Arc<dyn Fn() -> BoxFuture<'static, Result<R, BoxError>> + Send + Sync>;

/// The substitutes of a test, by the resource's type.
#[derive(Clone, Default)]
pub(crate) struct Overrides(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Overrides {
    pub(crate) fn insert<R: 'static>(&mut self, substitute: Substitute<R>) {
        self.0.insert(TypeId::of::<R>(), Arc::new(substitute));
    }

    pub(crate) fn get<R: 'static>(&self) -> Option<Substitute<R>> {
        self.0.get(&TypeId::of::<R>())?.downcast_ref::<Substitute<R>>().cloned()
    }
}

/// Everything that functions can take, by type, and the lifecycle of what lift opened, in start order.
#[derive(Default)]
pub(crate) struct Resources {
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    managed: Vec<Arc<dyn Managed>>,
}

impl Resources {
    pub(crate) fn find(&self, id: TypeId) -> Option<Arc<dyn Any + Send + Sync>> {
        self.values.get(&id).cloned()
    }

    pub(crate) fn provide(&mut self, id: TypeId, value: Arc<dyn Any + Send + Sync>) {
        self.values.insert(id, value);
    }

    pub(crate) fn manage(&mut self, resource: Arc<dyn Managed>) {
        self.managed.push(resource);
    }

    pub(crate) fn managed(&self) -> &[Arc<dyn Managed>] {
        &self.managed
    }

    /// The numbers of every pool, by its name.
    pub(crate) fn pools(&self) -> Vec<(&'static str, Stats)> {
        self.managed.iter().filter_map(|resource| Some((resource.spec().name, resource.stats()?))).collect()
    }

    /// Looks after what is idle. Never waits.
    pub(crate) fn maintain(&self) {
        for resource in &self.managed {
            resource.maintain();
        }
    }

    /// Refuses new borrowers, then closes in reverse start order.
    pub(crate) async fn close(&self) {
        for resource in &self.managed {
            resource.refuse();
        }
        for resource in self.managed.iter().rev() {
            resource.close().await;
        }
    }
}
