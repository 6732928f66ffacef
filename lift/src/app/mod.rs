//! The service: what it is made of, checked at start, ready to be called by a host.

mod answers;
mod background;
mod banner;
mod batch;
mod build;
mod events;
mod health;
mod invocation;
mod produce;
mod request;
mod samples;
mod service;
mod settings;
mod slash;
mod snapshot;
mod stack;
mod start;
mod stop;
mod triggers;
mod window;

use std::any::{Any, TypeId};
use std::sync::Arc;

use background::Background;
pub(crate) use banner::{banner, errors, routes, table};
pub(crate) use events::{Arrival, EventAnswer};
pub(crate) use samples::{event, samples};
pub(crate) use service::{Call, Service};
pub(crate) use settings::AppSettings;
pub use start::StartFn;
use start::{Start, start};
pub(crate) use start::{StartFailed, Starting};
pub(crate) use triggers::Triggered;

use crate::clock::Clock;
use crate::config::{Faults, Sources};
use crate::handler::{Entry, Handlers, IntoRoute, Wrap, wrap};
use crate::health::{Checks, Component, Group, HealthCheck, RegisterError};
use crate::host;
use crate::pool::provided;
use crate::resource::{Overrides, Requirements, Resource, ResourceSet};

/// A service under construction.
///
/// ```no_run
/// use lift::prelude::*;
///
/// #[lift::handler(GET, "/hello/{name}")]
/// async fn hello(name: String) -> String {
///     format!("hello, {name}")
/// }
///
/// #[lift::main]
/// async fn main() -> lift::Result<()> {
///     App::new("greeter").handlers(lift::handlers![hello]).run().await
/// }
/// ```
#[must_use = "an app does nothing before `run` or `test`"]
pub struct App {
    pub(crate) name: &'static str,
    entries: Vec<(String, Entry)>,
    checks: Checks,
    by_hand: Vec<Result<Component, RegisterError>>,
    groups: Vec<Group>,
    starts: Vec<Start>,
    stops: Vec<Start>,
    backgrounds: Vec<Background>,
    provided: Vec<(TypeId, Arc<dyn Any + Send + Sync>)>,
    opened: Vec<fn(&mut Requirements)>,
    layers: Vec<Wrap>,
    http_layers: Vec<Wrap>,
    pub(crate) overrides: Overrides,
    pub(crate) clock: Clock,
}

impl App {
    /// A service with its name, as logs and the command line show it.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            entries: Vec::new(),
            checks: Checks::new(&[]),
            by_hand: Vec::new(),
            groups: Vec::new(),
            starts: Vec::new(),
            stops: Vec::new(),
            backgrounds: Vec::new(),
            provided: Vec::new(),
            opened: Vec::new(),
            layers: Vec::new(),
            http_layers: Vec::new(),
            overrides: Overrides::default(),
            clock: Clock::system(),
        }
    }

    /// Adds handlers, listed with [`handlers!`](crate::handlers!).
    pub fn handlers(self, handlers: Handlers) -> Self {
        self.group("", handlers)
    }

    /// Adds handlers whose paths begin with `prefix`, such as `/v1`.
    ///
    /// A prefix is judged as a handler's path is, and has no parameters; what is wrong with it is told at start.
    pub fn group(mut self, prefix: impl Into<String>, handlers: Handlers) -> Self {
        let prefix = prefix.into();
        self.entries.extend(handlers.entries.into_iter().map(|entry| (prefix.clone(), entry)));
        self
    }

    /// Adds health checks, listed with [`health_checks!`](crate::health_checks!).
    pub fn health_checks(mut self, checks: Checks) -> Self {
        self.checks.0.extend(checks.0);
        self
    }

    /// Adds a check that is written by hand, or one of [`health::checks`](crate::health::checks).
    pub fn health_check(mut self, check: impl HealthCheck) -> Self {
        self.by_hand.push(Component::by_hand(check));
        self
    }

    /// Serves these components together as `/health/{name}`: resources, checks, parts of the machine. A check joins
    /// with `kind = "{name}"`, too. A name that no component has is told at start.
    ///
    /// ```
    /// # use lift::App;
    /// let app = App::new("orders").health_group("upstream", ["warehouse", "payments"]);
    /// ```
    pub fn health_group<M: Into<String>>(
        mut self,
        name: &'static str,
        members: impl IntoIterator<Item = M>,
    ) -> Self {
        self.groups.push(Group { name, members: members.into_iter().map(Into::into).collect() });
        self
    }

    /// Runs an async function of resources once before the service is ready, such as migrations. Several run in the
    /// order they were added; when one fails, the service does not start.
    ///
    /// Skipped on Lambda, where it would run in every cold start, unless `lambda.on_start = true` in `lift.toml` or
    /// `LIFT_LAMBDA_ON_START=true`. In a container one that fails is tried again for as long as `start.wait` says, so it
    /// must do no harm when it runs twice.
    pub fn on_start<Args>(mut self, function: impl StartFn<Args>) -> Self {
        self.starts.push(start(function));
        self
    }

    /// Runs an async function of resources when the service stops: after the last invocation and before the resources are
    /// closed. Several run in reverse order, so that what was added first ends last; one that fails is logged.
    ///
    /// All of them together have half of what is left of the grace: of `shutdown.grace` in a container, of 300 ms on Lambda. They
    /// do not run when the service has not started.
    ///
    /// ```
    /// # use lift::prelude::*;
    /// # #[derive(Resource)]
    /// # #[resource(initialize = open)]
    /// # struct Registry;
    /// # async fn open(_: &lift::config::NoSettings, _: &lift::Init) -> Result<Registry, lift::BoxError> { Ok(Registry) }
    /// # impl Registry { async fn sign_off(&mut self) -> lift::Result<()> { Ok(()) } }
    /// async fn sign_off(mut registry: Pooled<Registry>) -> lift::Result<()> {
    ///     registry.sign_off().await
    /// }
    /// let app = App::new("orders").on_stop(sign_off);
    /// ```
    pub fn on_stop<Args>(mut self, function: impl StartFn<Args>) -> Self {
        self.stops.push(start(function));
        self
    }

    /// Runs an async function of resources beside the handlers, from after the start functions until the service stops. Not on
    /// Lambda, where everything stands still between invocations.
    ///
    /// A function that says `Ok` is done. One that fails or panics runs again: after a second, then after twice as long each time,
    /// up to a minute, and after a second again once it has run for a minute. While it waits, it is unhealthy as the component
    /// `name` of the health report, which makes the service degraded. When the service stops, it is dropped where it awaits
    /// something, and a connection that it has begun to use is closed. Take a [`Pool`](crate::Pool) rather than a
    /// [`Pooled`](crate::Pooled), which it would hold all the time.
    ///
    /// ```
    /// # use lift::prelude::*;
    /// # #[derive(Resource)]
    /// # #[resource(initialize = open)]
    /// # struct Outbox;
    /// # async fn open(_: &lift::config::NoSettings, _: &lift::Init) -> Result<Outbox, lift::BoxError> { Ok(Outbox) }
    /// # impl Outbox { async fn send_what_is_due(&mut self) -> lift::Result<()> { Ok(()) } }
    /// async fn send(outbox: Pool<Outbox>) -> lift::Result<()> {
    ///     loop {
    ///         outbox.get().await?.send_what_is_due().await?;
    ///         tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    ///     }
    /// }
    /// let app = App::new("orders").background("outbox-sender", send);
    /// ```
    pub fn background<Args>(mut self, name: &'static str, function: impl StartFn<Args>) -> Self {
        self.backgrounds.push(Background::new(name, start(function)));
        self
    }

    /// Hands a value to every `Shared<T>` argument of its type. What is missing is told at start.
    pub fn provide<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.provided.push(provided(value));
        self
    }

    /// Opens a shared client that only start functions and extractors of one's own take: for a handler or check it
    /// is opened anyway.
    pub fn share<R: Resource + Clone + Sync>(mut self) -> Self {
        self.opened.push(crate::pool::declare_shared_resource::<R>);
        self
    }

    /// Declares resources that nothing takes as an argument, such as `app.uses::<Pool<Sessions>>()`.
    pub fn uses<S: ResourceSet>(mut self) -> Self {
        self.opened.push(S::declare);
        self
    }

    /// Puts a layer around every invocation, whatever triggers it; one added later stands further outside.
    ///
    /// It runs after routing, so it may read [`MatchedPath`](crate::extract::MatchedPath), and it sees requests that
    /// no handler serves, too. Probes of `/health` pass by it.
    pub fn layer(mut self, layer: impl IntoRoute) -> Self {
        self.layers.push(wrap(layer));
        self
    }

    /// Puts a layer around HTTP requests only, outside of every [`layer`](Self::layer): CORS, compression.
    pub fn http_layer(mut self, layer: impl IntoRoute) -> Self {
        self.http_layers.push(wrap(layer));
        self
    }

    /// Runs the service until it is told to stop.
    ///
    /// On Lambda (when `AWS_LAMBDA_RUNTIME_API` is set) it serves invocations; elsewhere it obeys the command line:
    /// `serve` (the default), `invoke FILE`, `routes`, `--help`.
    ///
    /// # Errors
    /// All that is wrong before it can start, a busy port, a start function that failed.
    pub async fn run(self) -> crate::Result<()> {
        host::run(self).await
    }

    /// The service in this process, for tests: requests and invokes without a socket.
    pub fn test(self) -> host::TestHost {
        host::TestHost::new(self)
    }

    /// Reads the settings and puts the service together, or tells everything that is wrong. Nothing is opened yet.
    pub(crate) fn build(self, sources: &Sources) -> Result<(Arc<Service>, AppSettings), Faults> {
        build::build(self, sources)
    }
}
