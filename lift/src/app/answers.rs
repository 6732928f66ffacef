//! What lift itself answers where no handler does.

use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::header::ALLOW;
use http::{HeaderValue, StatusCode};

use crate::error::{Failure, Origin, Retry};
use crate::handler::Endpoint;

pub(super) fn not_found(request: &Request) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "ROUTE_NOT_FOUND")
        .detail(format!("nothing is served at `{}`", request.uri().path()))
        .origin_is(Origin::Unrouted)
}

/// The methods that a path has.
#[derive(Clone)]
pub(super) struct Allow(pub(super) String);

/// Answers what no route matches.
pub(super) struct NotFound;

impl Endpoint for NotFound {
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        Box::pin(async move { not_found(&request).into_response() })
    }
}

/// Answers a path that has other methods.
pub(super) struct MethodNotAllowed;

impl Endpoint for MethodNotAllowed {
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        Box::pin(async move {
            let allow = request.extensions().get::<Allow>().map(|allow| allow.0.clone()).unwrap_or_default();
            let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED")
                .detail(format!("`{}` has no {}; it has {allow}", request.uri().path(), request.method()))
                .origin_is(Origin::Unrouted);
            let mut response = failure.into_response();
            if let Ok(allow) = HeaderValue::from_str(&allow) {
                response.headers_mut().insert(ALLOW, allow);
            }
            response
        })
    }
}

/// Answers while the service starts.
pub(super) struct Starting;

impl Endpoint for Starting {
    fn call(&self, _: Request) -> BoxFuture<'static, Response> {
        Box::pin(async {
            let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_STARTING");
            failure.retry(Retry::Now).cause("the service has not started yet").into_response()
        })
    }
}

/// Answers with a failure that is known already.
pub(super) struct Fixed(pub(super) Failure);

impl Endpoint for Fixed {
    fn call(&self, _: Request) -> BoxFuture<'static, Response> {
        let failure = self.0.clone();
        Box::pin(async move { failure.into_response() })
    }
}
