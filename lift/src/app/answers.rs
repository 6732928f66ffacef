//! What lift itself answers where no handler does.

use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::StatusCode;

use crate::error::{Failure, Origin, Retry};
use crate::handler::{Endpoint, Uncalled};

pub(super) fn not_found(request: &Request) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "ROUTE_NOT_FOUND")
        .detail(format!("nothing is served at `{}`", request.uri().path()))
        .origin_is(Origin::Unrouted)
}

pub(super) fn not_allowed(request: &Request, allow: &str) -> Uncalled {
    let detail = format!("`{}` has no {}; it has {allow}", request.uri().path(), request.method());
    let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED").detail(detail);
    Uncalled::allowing(failure.origin_is(Origin::Unrouted), allow)
}

/// While the service starts.
pub(super) fn starting() -> Failure {
    let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_STARTING");
    failure.retry(Retry::Now).cause("the service has not started yet")
}

/// Answers what no handler serves, behind the layers: a browser reads such an answer only with the headers of CORS.
pub(super) struct Nobody;

impl Endpoint for Nobody {
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        Box::pin(async move {
            let uncalled: Option<Uncalled> = request.extensions().get().cloned();
            uncalled.unwrap_or_else(|| not_found(&request).into()).into_response()
        })
    }
}

#[cfg(test)]
mod tests {
    use axum_core::body::Body;
    use http::header::ALLOW;
    use http::{HeaderName, HeaderValue, Method};
    use tower_http::set_header::SetResponseHeaderLayer;

    use crate::config::Sources;
    use crate::{App, host};

    #[lift::handler(GET, "/orders/{id}")]
    async fn order(id: String) -> String {
        id
    }

    fn mark(name: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
        SetResponseHeaderLayer::overriding(HeaderName::from_static(name), HeaderValue::from_static("*"))
    }

    #[tokio::test]
    async fn what_no_handler_serves_passes_the_layers() {
        let listed = lift::handlers![order].layer(mark("x-list"));
        let app = App::new("orders").handlers(listed).http_layer(mark("access-control-allow-origin"));
        let (service, _) = app.build(&Sources::empty()).unwrap();
        // The status, `allow`, and whether it passed the layers of the handler's own list.
        let answer = async |method: Method, path: &str| {
            let request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let response = service.http(request, host::test_call()).response.await;
            let headers = response.headers();
            assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
            (response.status().as_u16(), headers.get(ALLOW).cloned(), headers.contains_key("x-list"))
        };
        assert_eq!(answer(Method::GET, "/orders/1").await, (503, None, true));
        assert_eq!(answer(Method::GET, "/orders/%ff").await, (503, None, true));
        assert_eq!(answer(Method::GET, "/nowhere").await, (503, None, false));
        service.start(crate::app::Starting::FUNCTIONS).await.unwrap();
        assert_eq!(answer(Method::GET, "/orders/1").await, (200, None, true));
        assert_eq!(answer(Method::GET, "/orders/%ff").await, (400, None, true));
        assert_eq!(answer(Method::GET, "/nowhere").await, (404, None, false));
        let allow = HeaderValue::from_static("GET, HEAD");
        assert_eq!(answer(Method::POST, "/orders/1").await, (405, Some(allow), false));
    }
}
