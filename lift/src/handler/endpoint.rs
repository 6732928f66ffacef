use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::header::{ALLOW, LOCATION};
use http::{HeaderValue, StatusCode};
use tower::ServiceExt;
use tower_layer::Layer;
use tower_service::Service;

use crate::error::Failure;

/// Something that answers requests: a handler, with or without layers around it.
pub(crate) trait Endpoint: Send + Sync {
    fn call(&self, request: Request) -> BoxFuture<'static, Response>;

    /// Whether a layer is around it.
    fn is_layered(&self) -> bool {
        false
    }
}

/// A layer that waits to be put around an endpoint.
pub(crate) type Wrap = Arc<dyn Fn(Arc<dyn Endpoint>) -> Arc<dyn Endpoint> + Send + Sync>;

/// What is answered where no handler is called. It goes with the request through all layers: a browser reads such an answer
/// only with the headers of CORS.
#[derive(Clone)]
pub(crate) enum Uncalled {
    /// A failure, and the methods that the path has.
    Failed(Failure, Option<HeaderValue>),
    /// Another place.
    Redirect(HeaderValue),
}

impl From<Failure> for Uncalled {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure, None)
    }
}

impl Uncalled {
    /// A failure that names the methods that would do.
    pub(crate) fn allowing(failure: Failure, methods: &str) -> Self {
        Self::Failed(failure, HeaderValue::from_str(methods).ok())
    }

    /// Leads to this place.
    pub(crate) fn redirect(location: HeaderValue) -> Self {
        Self::Redirect(location)
    }
}

impl IntoResponse for Uncalled {
    fn into_response(self) -> Response {
        match self {
            Self::Failed(failure, None) => failure.into_response(),
            Self::Failed(failure, Some(methods)) => ([(ALLOW, methods)], failure).into_response(),
            Self::Redirect(location) => {
                (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response()
            }
        }
    }
}

/// A handler as a tower service: what a [`Layer`] given to lift is put around.
#[derive(Clone)]
pub struct Route(Arc<dyn Endpoint>);

impl Service<Request> for Route {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> RouteFuture {
        RouteFuture(self.0.call(request))
    }
}

/// The answer of a [`Route`] on its way.
pub struct RouteFuture(BoxFuture<'static, Response>);

impl Future for RouteFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

/// A layer that can be put around a handler: every `tower` and `tower-http` layer whose service is `Clone` and
/// answers with a response.
///
/// This is a name for a set of bounds; it is implemented for whatever meets them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be put around a handler",
    label = "not a layer for handlers",
    note = "its service must be `Clone + Send + Sync`, answer with a response and have no error; see `axum::error_handling::HandleErrorLayer`"
)]
pub trait IntoRoute: Clone + Send + Sync + 'static {
    /// Puts the layer around a route.
    fn wrap(&self, route: Route) -> Route;
}

#[diagnostic::do_not_recommend]
impl<L> IntoRoute for L
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Response: IntoResponse,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
    fn wrap(&self, route: Route) -> Route {
        Route(Arc::new(Layered(self.layer(route))))
    }
}

struct Layered<S>(S);

impl<S> Endpoint for Layered<S>
where
    S: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        let service = self.0.clone();
        Box::pin(async move {
            match service.oneshot(request).await {
                Ok(response) => response.into_response(),
                Err(never) => match never {},
            }
        })
    }

    fn is_layered(&self) -> bool {
        true
    }
}

/// Keeps a layer until the app puts it around an endpoint, under the guard of what it is around.
pub(crate) fn wrap(layer: impl IntoRoute) -> Wrap {
    Arc::new(move |endpoint| layer.wrap(Route(endpoint)).0)
}
