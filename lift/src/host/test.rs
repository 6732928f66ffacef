use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use axum_core::extract::Request;
use axum_core::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::conformance::{Transcript, Way};
use crate::app::{Arrival, Call, EventAnswer, Service, Starting};
use crate::clock::{Clock, Deadline};
use crate::config::Sources;
use crate::error::{BoxError, Failure};
use crate::pool::{FromContext, PoolError, Pooled, Shared};
use crate::resource::{Context, Resource, Stats, User};
use crate::{App, Error};

/// An app about to be tested in this process: replace resources, set settings, then [`start`](Self::start).
///
/// Neither the environment nor `lift.toml` is read, so that a test is the same everywhere.
#[must_use = "a test host does nothing before `start`"]
pub struct TestHost {
    app: App,
    sources: Sources,
}

impl TestHost {
    pub(crate) fn new(app: App) -> Self {
        // The machine that a test runs on is none of its business.
        Self { app, sources: Sources::empty().var("LIFT_HEALTH_SYSTEM_ENABLED", "false") }
    }

    /// Replaces a resource in the whole app: its connections are made by `open`, and its settings are not read.
    pub fn with<R: Resource>(mut self, open: impl AsyncOpen<R>) -> Self {
        self.app.overrides.insert::<R>(Arc::new(move || open.open()));
        self
    }

    /// Sets an environment variable as the app sees it.
    pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.sources = self.sources.var(name, value);
        self
    }

    /// Gives the app a clock that the test holds.
    pub fn clock(mut self, clock: &Clock) -> Self {
        self.app.clock = clock.clone();
        self
    }

    /// Finds everything that would keep the app from starting, without opening anything: two handlers on one path,
    /// a value that nobody provides, a setting that is missing or wrong.
    ///
    /// # Errors
    /// All of it.
    pub fn check(self) -> Result<(), crate::config::Faults> {
        self.app.build(&self.sources).map(drop)
    }

    /// Reads the settings, opens what is to be opened and runs the start functions.
    ///
    /// # Errors
    /// As [`App::run`].
    pub async fn start(self) -> crate::Result<TestService> {
        let (service, settings) = self.app.build(&self.sources)?;
        service.start(Starting { functions: Some(settings.start_wait), warm: Some(Duration::MAX) }).await?;
        Ok(TestService { service, way: Way::Call, transcript: Transcript::default() })
    }
}

impl From<App> for TestHost {
    fn from(app: App) -> Self {
        app.test()
    }
}

/// How a test opens a resource: an async closure without arguments that gives the resource or a `Result` of it.
pub trait AsyncOpen<R>: Send + Sync + 'static {
    /// Opens one.
    fn open(&self) -> BoxFuture<'static, Result<R, BoxError>>;
}

#[diagnostic::do_not_recommend]
impl<R, F, Fut, E> AsyncOpen<R> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
    E: Into<BoxError>,
{
    fn open(&self) -> BoxFuture<'static, Result<R, BoxError>> {
        let opening = self();
        Box::pin(async move { opening.await.map_err(crate::error::boxed) })
    }
}

/// A running app, called without a socket.
pub struct TestService {
    pub(super) service: Arc<Service>,
    pub(super) way: Way,
    pub(super) transcript: Transcript,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $method:ident)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, uri: impl AsRef<str>) -> TestRequest<'_> {
            self.request(Method::$method, uri)
        }
    )*};
}

impl TestService {
    methods! {
        /// A `GET` request.
        get GET
        /// A `POST` request.
        post POST
        /// A `PUT` request.
        put PUT
        /// A `PATCH` request.
        patch PATCH
        /// A `DELETE` request.
        delete DELETE
        /// A `HEAD` request.
        head HEAD
    }

    /// A request; `.await` sends it.
    pub fn request(&self, method: Method, uri: impl AsRef<str>) -> TestRequest<'_> {
        let uri = uri.as_ref();
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        let problem = match uri.parse::<Uri>() {
            Ok(parsed) => {
                *request.uri_mut() = parsed;
                None
            }
            Err(error) => Some(Error::msg(format!("`{uri}` is not a URI: {error}"))),
        };
        TestRequest { service: self, request, problem }
    }

    /// Calls an `invoke` handler with a JSON value and reads its answer.
    ///
    /// # Errors
    /// The handler's failure; a failure with code `NOT_SERVED` when no handler has this name.
    pub async fn invoke<T: DeserializeOwned>(
        &self,
        name: &str,
        payload: impl Serialize,
    ) -> Result<T, Failure> {
        let named = self.service.triggers.iter().find(|triggered| triggered.invoke_name() == Some(name));
        let Some(triggered) = named else {
            let detail =
                format!("no handler serves invoke `{name}`; this app serves {}", self.service.serves());
            return Err(Failure::new(StatusCode::NOT_FOUND, "NOT_SERVED").detail(detail));
        };
        let unreadable = |error| Failure::internal("NOT_JSON", error);
        let payload = serde_json::to_vec(&payload).map_err(unreadable)?;
        let json = self.service.invoke(triggered, payload.into(), call()).await?;
        serde_json::from_str(json.get()).map_err(unreadable)
    }

    /// Sends an AWS event, as Lambda would, and gives the bytes of the answer: what goes back to API Gateway, the
    /// `batchItemFailures` of a queue, `null`.
    ///
    /// ```
    /// # use lift::prelude::*;
    /// #[lift::handler(sqs = "greetings", partial)]
    /// async fn greet(name: String) {
    ///     println!("hello, {name}");
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lift::Result<()> {
    /// let service = App::new("greeter").handlers(lift::handlers![greet]).test().start().await?;
    /// let event = r#"{"Records": [{"messageId": "1", "body": "ada", "eventSource": "aws:sqs",
    ///     "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:greetings"}]}"#;
    /// assert_eq!(service.event(event).await.unwrap(), r#"{"batchItemFailures":[]}"#);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What Lambda would take for a failed invocation.
    pub async fn event(&self, event: impl Into<Bytes>) -> Result<Bytes, Failure> {
        self.event_until(event.into(), Deadline::NONE).await
    }

    /// As [`event`](Self::event), with so much time until the function's deadline.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub async fn event_within(&self, event: impl Into<Bytes>, time: Duration) -> Result<Bytes, Failure> {
        self.event_until(event.into(), Deadline::after(time)).await
    }

    async fn event_until(&self, event: Bytes, deadline: Deadline) -> Result<Bytes, Failure> {
        let arrival = Arrival { deadline, ..Arrival::here() };
        self.service.event(event, &arrival).await.map(EventAnswer::into_json)
    }

    /// A connection of one of the app's pools, to seed what handlers read, or to look at what they wrote. Drop it before the
    /// handlers need it.
    ///
    /// ```
    /// # use lift::prelude::*;
    /// # #[derive(Resource)]
    /// # #[resource(initialize = open)]
    /// # struct NotesDb;
    /// # async fn open(_: &lift::config::NoSettings, _: &lift::Init) -> Result<NotesDb, lift::BoxError> { Ok(NotesDb) }
    /// # impl NotesDb { async fn batch(&mut self, _: &str) -> lift::Result<()> { Ok(()) } }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let service = App::new("notes").uses::<Pool<NotesDb>>().test().start().await?;
    /// let mut db = service.resource::<NotesDb>().await?;
    /// db.batch("INSERT INTO note VALUES (7)").await?;
    /// # Ok::<_, lift::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Why there is no connection; [`PoolError::Undeclared`] when nothing in the app takes this resource.
    pub async fn resource<R: Resource>(&self) -> Result<Pooled<R>, PoolError> {
        Pooled::from_context(&self.context()).await
    }

    /// What a handler would take as `Shared<T>`: a shared client, or a value that was provided.
    ///
    /// # Errors
    /// As [`resource`](Self::resource).
    pub async fn shared<T: Clone + Send + Sync + 'static>(&self) -> Result<T, PoolError> {
        Shared::<T>::from_context(&self.context()).await.map(|Shared(shared)| shared)
    }

    fn context(&self) -> Context {
        Context::new(self.service.resources.clone(), User::TEST, Deadline::NONE)
    }

    /// The numbers of every pool at this moment, by its name.
    #[must_use]
    pub fn pools(&self) -> Vec<(&'static str, Stats)> {
        self.service.resources.pools()
    }

    /// Looks after idle connections once, as a server does every second and a Lambda function in its invocations.
    pub fn maintain(&self) {
        self.service.resources.maintain();
    }

    /// Looks at every component of the health report in the background from now on, as a server does. Without it a
    /// probe runs the checks whose result is older than their `cache`, as on Lambda.
    pub fn watch_health(&self) {
        self.service.probes.handle.monitor.watch();
    }

    /// Runs what the app runs in the [`background`](App::background) from now on, as a server does.
    pub fn run_background(&self) {
        self.service.run_background();
    }

    /// Ends what runs in the background, runs the stop functions, closes every resource and waits for the cleanups, as a shutdown
    /// does.
    pub async fn close(self) {
        self.service.close(None).await;
    }
}

pub(crate) fn call() -> Call {
    Call {
        request_id: None,
        deadline: Deadline::NONE,
        default_timeout: Duration::from_secs(30),
        event: None,
        record: None,
        streams: false,
    }
}

/// A request to a [`TestService`]; `.await` sends it.
#[must_use = "a request is sent by `.await`"]
pub struct TestRequest<'a> {
    service: &'a TestService,
    request: Request,
    problem: Option<Error>,
}

impl TestRequest<'_> {
    /// Adds a header.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => {
                self.request.headers_mut().append(name, value);
            }
            _ => self.problem = Some(Error::msg(format!("`{name}: {value}` is not a header"))),
        }
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Body::from(body.into());
        self
    }

    /// Sets the body to JSON, with its content type.
    pub fn json(mut self, value: impl Serialize) -> Self {
        self.request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match serde_json::to_vec(&value) {
            Ok(body) => self.body(body),
            Err(error) => {
                self.problem = Some(error.into());
                self
            }
        }
    }
}

impl<'a> IntoFuture for TestRequest<'a> {
    type Output = crate::Result<TestResponse>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some(problem) = self.problem {
                return Err(problem);
            }
            let TestService { way, transcript, .. } = self.service;
            let request = format!("{} {}", self.request.method(), self.request.uri());
            let response = TestResponse::read(way.send(self.service, self.request).await?).await?;
            transcript.note(request, response.status, &response.headers, &response.body);
            Ok(response)
        })
    }
}

/// A response with its body read.
#[derive(Clone, Debug)]
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    async fn read(response: Response) -> crate::Result<Self> {
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Self { status: parts.status, headers: parts.headers, body })
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The value of a header, when it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body's bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON of this shape; the error shows the body.
    pub fn json<T: DeserializeOwned>(&self) -> crate::Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::msg(format!("{error}; the body is {} {}", self.status, self.text())))
    }
}
