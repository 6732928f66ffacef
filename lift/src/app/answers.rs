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

pub(super) fn not_allowed(request: &Request, allow: &str) -> Unserved {
    let detail = format!("`{}` has no {}; it has {allow}", request.uri().path(), request.method());
    let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED").detail(detail);
    Unserved { failure: failure.origin_is(Origin::Unrouted), allow: HeaderValue::from_str(allow).ok() }
}

/// While the service starts.
pub(super) fn starting() -> Failure {
    let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_STARTING");
    failure.retry(Retry::Now).cause("the service has not started yet")
}

/// Why no handler serves a request; [`Nobody`] finds it there.
#[derive(Clone)]
pub(super) struct Unserved {
    failure: Failure,
    /// The methods that its path has.
    allow: Option<HeaderValue>,
}

impl From<Failure> for Unserved {
    fn from(failure: Failure) -> Self {
        Self { failure, allow: None }
    }
}

/// Answers what no handler serves, behind the layers: a browser reads such an answer only with the headers of CORS.
pub(super) struct Nobody;

impl Endpoint for Nobody {
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        Box::pin(async move {
            let unserved = request.extensions().get().cloned();
            let Unserved { failure, allow } = unserved.unwrap_or_else(|| not_found(&request).into());
            let mut response = failure.into_response();
            if let Some(allow) = allow {
                response.headers_mut().insert(ALLOW, allow);
            }
            response
        })
    }
}

#[cfg(test)]
mod tests {
    use axum_core::body::Body;
    use http::{HeaderName, Method};
    use tower_http::set_header::SetResponseHeaderLayer;

    use super::*;
    use crate::config::Sources;
    use crate::{App, host};

    #[lift::handler(GET, "/orders/{id}")]
    async fn order(id: String) -> String {
        id
    }

    #[tokio::test]
    async fn what_no_handler_serves_passes_the_layers() {
        let header = HeaderName::from_static("access-control-allow-origin");
        let cors = SetResponseHeaderLayer::overriding(header, HeaderValue::from_static("*"));
        let app = App::new("orders").handlers(lift::handlers![order]).http_layer(cors);
        let (service, _) = app.build(&Sources::empty()).unwrap();
        let answer = async |method: Method, path: &str| {
            let request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let response = service.http(request, host::test_call()).response.await;
            assert_eq!(response.headers()["access-control-allow-origin"], "*", "{path}");
            (response.status().as_u16(), response.headers().get(ALLOW).cloned())
        };
        assert_eq!(answer(Method::GET, "/orders/1").await, (503, None));
        service.start(true).await.unwrap();
        assert_eq!(answer(Method::GET, "/orders/1").await, (200, None));
        assert_eq!(answer(Method::GET, "/orders/%ff").await, (400, None));
        assert_eq!(answer(Method::GET, "/nowhere").await, (404, None));
        let allow = HeaderValue::from_static("GET, HEAD");
        assert_eq!(answer(Method::POST, "/orders/1").await, (405, Some(allow)));
    }
}
