//! Bodies whose declared length exceeds the limit.

use std::any::TypeId;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::RequestExt;
use axum_core::body::Body;
use axum_core::extract::Request;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::Limited;

use crate::body::AXUM_BODY_LIMIT;

/// Prepares a request for an argument `T`: a body whose `content-length` exceeds the limit in force fails before it is read, with
/// the same error as one that exceeds it while it is read. A client that waits for `100 Continue` gets the answer instead.
///
/// `Body` and `Request` have no limit.
pub(super) fn within_limit<T: 'static>(request: Request) -> Request {
    let length = request.body().size_hint().lower();
    // Without extensions beside lift's context only axum's own limit is in force.
    if length <= AXUM_BODY_LIMIT && request.extensions().len() <= 1 {
        return request;
    }
    if [TypeId::of::<Body>(), TypeId::of::<Request>()].contains(&TypeId::of::<T>()) {
        return request;
    }
    let (parts, body) = request.into_parts();
    // The limit is private to axum; the size hint of a limited body shows it.
    let limited = Request::from_parts(parts, Body::new(Declared(length))).with_limited_body();
    let most = limited.body().size_hint().upper();
    let (parts, _) = limited.into_parts();
    let is_within = most.is_none_or(|most| length <= most);
    Request::from_parts(parts, if is_within { body } else { too_large() })
}

/// A body with the error of one that is too large.
fn too_large() -> Body {
    Body::new(Limited::new(Body::from("."), 0))
}

/// A body of this length.
struct Declared(u64);

impl http_body::Body for Declared {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}
