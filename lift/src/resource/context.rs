use std::any::{Any, TypeId};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::request::Parts;

use super::prepare::Unprepared;
use super::{Kept, Resources, Stats};
use crate::clock::Deadline;

/// What a resource may know while it opens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Init {
    /// The resource's name.
    pub name: &'static str,
    /// The time that the attempt may take.
    pub timeout: Duration,
    pub(super) unprepared: Unprepared,
    /// Whether a pool opens it, which then says when it is [`opened`](super::Resource::opened).
    #[cfg_attr(not(any(feature = "redis", feature = "sqlite")), allow(dead_code))]
    // the others keep no session
    pub(crate) pooled: bool,
}

impl Init {
    /// For opening a resource by hand, as a test does.
    #[must_use]
    pub fn new(name: &'static str, timeout: Duration) -> Self {
        Self { name, timeout, unprepared: Unprepared::default(), pooled: false }
    }

    /// For opening it in a pool.
    pub(crate) fn pooled(name: &'static str, timeout: Duration) -> Self {
        Self { pooled: true, ..Self::new(name, timeout) }
    }

    /// The cleanups of what was opened and could not be prepared.
    pub(crate) fn unprepared(&self) -> Vec<BoxFuture<'static, ()>> {
        self.unprepared.take()
    }
}

/// The name of a handler, check or start function, behind one thin pointer so that it can be noted atomically.
#[derive(Clone, Copy)]
pub(crate) struct User(&'static &'static str);

impl User {
    /// Outside of any function.
    pub(crate) const NOBODY: Self = Self(&"-");
    /// What the app opens whatever its functions take.
    pub(crate) const APP: Self = Self(&"the app");
    /// The test that an app is in.
    pub(crate) const TEST: Self = Self(&"the test");
    /// A health check of the pool itself.
    pub(crate) const HEALTH: Self = Self(&"health");

    /// For one function of an app, once at start: the pointer lives as long as the process.
    pub(crate) fn new(name: &'static str) -> Self {
        Self(Box::leak(Box::new(name)))
    }

    pub(crate) fn name(self) -> &'static str {
        self.0
    }
}

/// Two functions of one name are two.
impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for User {}

impl Hash for User {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).hash(state);
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// On whose behalf something runs, until when, and with which resources. Cheap to clone.
///
/// It is in every request's extensions, so a layer or an extractor can read the request id, the matched route and
/// the time that is left: `parts.extensions.get::<lift::Context>()`.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    resources: Arc<Resources>,
    invoked: Invoked,
    kept: Option<Kept>,
}

/// One invocation of a function.
pub(crate) struct Invoked {
    pub(crate) user: User,
    pub(crate) route: Option<Arc<str>>,
    /// The parameters of the route, decoded, in order.
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) request_id: Arc<str>,
    pub(crate) deadline: Deadline,
    /// The event that made it.
    pub(crate) event: Option<Bytes>,
    /// Where its record begins in the event.
    pub(crate) record: Option<usize>,
}

impl Invoked {
    /// Of a function without a route and without an event.
    pub(crate) fn plain(user: User, deadline: Deadline) -> Self {
        let (route, params, event, record) = (None, Vec::new(), None, None);
        Self { user, route, params, request_id: Arc::default(), deadline, event, record }
    }
}

impl Context {
    /// For a check or a start function.
    pub(crate) fn new(resources: Arc<Resources>, user: User, deadline: Deadline) -> Self {
        Self::invocation(resources, Invoked::plain(user, deadline))
    }

    /// For an invocation.
    pub(crate) fn invocation(resources: Arc<Resources>, invoked: Invoked) -> Self {
        let kept = resources.keep_for(invoked.user);
        Self(Arc::new(Inner { resources, invoked, kept }))
    }

    /// The context that the app put into a request.
    #[must_use]
    pub fn of(parts: &Parts) -> Option<&Self> {
        parts.extensions.get()
    }

    /// The handler, check or start function that this is for; `-` while no route matched.
    #[must_use]
    pub fn user(&self) -> &'static str {
        self.0.invoked.user.name()
    }

    pub(crate) fn holder(&self) -> User {
        self.0.invoked.user
    }

    /// The route as it is written at the handler, such as `/orders/{id}`.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.0.invoked.route.as_deref()
    }

    /// The id of the request, empty outside of invocations: the `x-request-id` that came with it, Lambda's own, or
    /// a fresh one.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.invoked.request_id
    }

    /// Until when it may run.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.0.invoked.deadline
    }

    /// The bytes of the AWS event that made this invocation, as Lambda sent them; `None` on the HTTP server.
    #[must_use]
    pub fn event(&self) -> Option<&Bytes> {
        self.0.invoked.event.as_ref()
    }

    /// The parameters of the route.
    pub(crate) fn params(&self) -> &[(&'static str, String)] {
        &self.0.invoked.params
    }

    /// The event's bytes from where the record of this invocation begins.
    pub(crate) fn record(&self) -> Option<&[u8]> {
        self.event()?.get(self.0.invoked.record?..)
    }

    /// The numbers of every pool at this moment, by its name.
    #[must_use]
    pub fn pools(&self) -> Vec<(&'static str, Stats)> {
        self.0.resources.pools()
    }

    /// Whether anything is kept for this call alone.
    pub(crate) fn keeps(&self) -> bool {
        self.0.kept.is_some()
    }

    /// What is kept for this call alone.
    pub(crate) fn kept<T: Any>(&self) -> Option<&T> {
        self.0.kept.as_ref()?.downcast_ref()
    }

    /// The value of type `T` that the app keeps (a `Pool<R>`, the source of a `Shared<T>`).
    pub(crate) fn find<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.resources.find(TypeId::of::<T>())?.downcast().ok()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("user", &self.user())
            .field("request_id", &self.0.invoked.request_id)
            .field("deadline", &self.0.invoked.deadline)
            .finish_non_exhaustive()
    }
}
