use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Managed, Stats, User};
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

/// What is kept for one call while it takes its arguments.
pub(crate) type Kept = Box<dyn Any + Send + Sync>;

/// Makes it for each call.
pub(crate) type Keep = Box<dyn Fn() -> Kept + Send + Sync>;

/// Everything that functions can take, by type, and the lifecycle of what lift opened, in start order.
#[derive(Default)]
pub(crate) struct Resources {
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    managed: Vec<Arc<dyn Managed>>,
    kept: HashMap<User, Keep>,
}

impl Resources {
    /// Each call of this function is to have something of its own.
    pub(crate) fn keep(&mut self, user: User, keep: Keep) {
        self.kept.insert(user, keep);
    }

    pub(crate) fn keep_for(&self, user: User) -> Option<Kept> {
        if self.kept.is_empty() { None } else { self.kept.get(&user).map(|keep| keep()) }
    }

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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::clock::Deadline;
    use crate::resource::{Context, Invoked, Judgement, ResourceSpec, User, Warm};

    /// Notes what is done to it.
    struct Noted(ResourceSpec, Arc<Mutex<Vec<String>>>);

    impl Noted {
        fn note(&self, what: &str) {
            self.1.lock().unwrap().push(format!("{what} {}", self.0.name));
        }
    }

    impl Managed for Noted {
        fn spec(&self) -> &ResourceSpec {
            &self.0
        }

        fn warm(&self) -> Warm {
            Warm::Lazy
        }

        fn describe(&self) -> String {
            String::new()
        }

        fn initialized(&self) -> bool {
            true
        }

        fn start(&self) -> BoxFuture<'_, Result<(), BoxError>> {
            Box::pin(async { Ok(()) })
        }

        fn check(&self, _: Duration) -> BoxFuture<'_, Result<Judgement, BoxError>> {
            Box::pin(async { Ok(Judgement::Working) })
        }

        fn maintain(&self) {
            self.note("maintain");
        }

        fn refuse(&self) {
            self.note("refuse");
        }

        fn close(&self) -> BoxFuture<'_, ()> {
            Box::pin(async { self.note("close") })
        }
    }

    #[tokio::test]
    async fn all_refuse_before_the_last_that_started_closes_first() {
        let notes = Arc::new(Mutex::new(Vec::new()));
        let mut resources = Resources::default();
        for name in ["a", "b"] {
            resources.manage(Arc::new(Noted(ResourceSpec::named(name), notes.clone())));
        }
        assert_eq!(resources.managed().len(), 2);
        assert!(resources.pools().is_empty());
        resources.maintain();
        resources.close().await;
        let expected = ["maintain a", "maintain b", "refuse a", "refuse b", "close b", "close a"];
        assert_eq!(*notes.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn a_substitute_stands_in_for_its_own_type_alone() {
        let mut overrides = Overrides::default();
        overrides.insert::<u8>(Arc::new(|| Box::pin(async { Ok(7) })));
        assert_eq!(overrides.get::<u8>().unwrap()().await.unwrap(), 7);
        assert!(overrides.get::<u16>().is_none());
    }

    #[test]
    fn a_context_knows_what_it_was_made_of_and_shows_it() {
        let mut resources = Resources::default();
        resources.provide(TypeId::of::<u8>(), Arc::new(7_u8));
        let resources = Arc::new(resources);
        let plain = Context::new(resources.clone(), User::new("migrate"), Deadline::NONE);
        assert_eq!((plain.user(), plain.holder().name(), plain.request_id()), ("migrate", "migrate", ""));
        assert_eq!((plain.route(), plain.event(), plain.record()), (None, None, None));
        assert_eq!((plain.find::<u8>().as_deref(), plain.find::<u16>().is_none()), (Some(&7), true));

        let mut invoked = Invoked::plain(User::NOBODY, Deadline::after(Duration::from_secs(9)));
        invoked.request_id = "the-request-id".into();
        invoked.route = Some("/orders/{id}".into());
        invoked.params = vec![("id", "7".to_owned())];
        invoked.event = Some(bytes::Bytes::from_static(b"[1,2]"));
        invoked.record = Some(3);
        let context = Context::invocation(resources, invoked);
        assert_eq!((context.user(), context.route()), ("-", Some("/orders/{id}")));
        assert_eq!(context.params(), [("id", "7".to_owned())]);
        assert_eq!(context.event().map(|event| &event[..]), Some(&b"[1,2]"[..]));
        assert_eq!(context.record(), Some(&b"2]"[..]));
        assert!(context.deadline().remaining().is_some());
        let shown = format!("{context:?}");
        assert!(shown.contains("the-request-id") && shown.contains("user"), "{shown}");
    }
}
