//! The layers around an endpoint, and what they leave on an answer that cannot be passed on.

use std::sync::Arc;

use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED,
};
use http::response::Parts;

use super::invocation::answered;
use crate::clock::Deadline;
use crate::error::Failure;
use crate::handler::{Endpoint, Wrap};
use crate::layer::guard;
use crate::resource::Context;

/// Puts layers around an endpoint, the first one innermost.
///
/// The inside of each layer runs under the guard: its panic and its deadline become answers that pass the layers around it.
/// A browser reads no answer without CORS headers.
pub(super) fn stack<'w>(
    endpoint: Arc<dyn Endpoint>,
    layers: impl Iterator<Item = &'w Wrap>,
) -> Arc<dyn Endpoint> {
    layers.enumerate().fold(endpoint, |endpoint, (index, wrap)| {
        wrap(Arc::new(Guarded { endpoint, is_innermost: index == 0 }))
    })
}

/// The inside of a layer.
struct Guarded {
    endpoint: Arc<dyn Endpoint>,
    is_innermost: bool,
}

impl Endpoint for Guarded {
    fn call(&self, request: Request) -> BoxFuture<'static, Response> {
        let deadline = request.extensions().get().map_or(Deadline::NONE, Context::deadline);
        let (endpoint, is_innermost) = (self.endpoint.clone(), self.is_innermost);
        Box::pin(async move {
            // What is inside may panic before it returns its future.
            let inside = Box::pin(async move { endpoint.call(request).await });
            let mut response = answered(guard(inside, deadline).await);
            if is_innermost {
                let headers = HandlerHeaders(response.headers().clone());
                response.extensions_mut().insert(headers);
            }
            response
        })
    }
}

/// The headers of a response before it passed any layer, in its extensions.
#[derive(Clone, Default)]
pub(super) struct HandlerHeaders(HeaderMap);

impl HandlerHeaders {
    /// Marks a response that has passed layers. When they have dropped its extensions, all its headers count as theirs.
    pub(super) fn keep_or_forget(response: &mut Response) {
        let extensions = response.extensions_mut();
        if extensions.get::<Self>().is_none() {
            extensions.insert(Self::default());
        }
    }
}

/// Headers that describe a body and nothing else (RFC 9110, section 8).
const OF_THE_BODY: [HeaderName; 10] = [
    CONTENT_TYPE,
    CONTENT_LENGTH,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
    CONTENT_RANGE,
    CONTENT_DISPOSITION,
    ETAG,
    LAST_MODIFIED,
    ACCEPT_RANGES,
];

/// Replaces a response that cannot be sent by its failure, with the headers that the layers have added. They are not called a
/// second time for one request.
pub(super) fn instead_of(mut unsent: Parts, failure: Failure) -> Response {
    let mut response = failure.into_response();
    let Some(HandlerHeaders(own)) = unsent.extensions.remove() else { return response };
    for (name, value) in &unsent.headers {
        let is_own = own.get_all(name).iter().any(|other| other == value);
        if !is_own && !OF_THE_BODY.contains(name) && std::str::from_utf8(value.as_bytes()).is_ok() {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}
