//! Incoming requests: their ids and their normal form.

use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::Request;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body::Body as _;
use uuid::Uuid;

use super::produce::Asked;
use crate::body::AXUM_BODY_LIMIT;
use crate::handler::{HandlerMeta, Trigger, normal};

/// The id of a request, in and out.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a request's method asks of whoever serves it.
pub(super) fn asked(method: &Method, meta: Option<HandlerMeta>) -> Asked {
    match meta.map(|meta| meta.trigger) {
        _ if method != Method::HEAD => Asked::Whole,
        Some(Trigger::Http { method: "HEAD", .. }) => Asked::Head,
        _ => Asked::HeadOfGet,
    }
}

/// Whether axum's own limit could stop its body.
pub(super) fn is_large(request: &Request) -> bool {
    request.body().size_hint().upper().is_none_or(|upper| upper > AXUM_BODY_LIMIT)
}

/// Joins several `Cookie` headers: HTTP/2 and gateways split them, and readers of cookies expect one (RFC 9113, section 8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let cookies = headers.get_all(COOKIE).iter().map(|value| value.as_bytes().trim_ascii());
    let cookies = cookies.map(|value| value.strip_suffix(b";").unwrap_or(value));
    let all: Vec<&[u8]> = cookies.filter(|value| !value.is_empty()).collect();
    if let Ok(all) = HeaderValue::from_bytes(&all.join(b"; ".as_slice())) {
        headers.insert(COOKIE, all);
    }
}

/// The URI without the base path; `None` when it has none.
pub(super) fn without_base(base: &str, uri: &Uri) -> Option<Uri> {
    let rest_of = |path: &str| {
        let rest = path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(if rest.is_empty() { "/".to_owned() } else { rest.to_owned() })
    };
    let rest = rest_of(uri.path()).or_else(|| rest_of(&normal(uri.path())))?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{rest}{query}").parse().ok()
}

/// What a handler is called with by something else than HTTP: a body in JSON.
pub(super) fn json_request(body: Bytes) -> Request {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

/// An id that came with the request: visible ASCII, at most 128 long, else it is not passed on.
pub(super) fn request_id(request: &Request) -> Option<Arc<str>> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let good = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    good.then(|| id.into())
}

/// An id of lift's own: random, but no secret. The kernel draws it: a generator of this process would be the same in every
/// machine that wakes up from one snapshot.
pub(super) fn fresh_id() -> Arc<str> {
    let id = Uuid::new_v4();
    (&*id.hyphenated().encode_lower(&mut Uuid::encode_buffer())).into()
}
