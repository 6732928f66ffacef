//! Answers that a function URL passes on bit by bit.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use axum_core::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use lambda_runtime::{MetadataPrelude, StreamResponse};

use crate::clock::Deadline;
use crate::error;
use crate::layer::panic_text;

/// The body of an answer. What breaks off ends it: `lambda_runtime` would write the error's text into the body.
pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// An answer with its head first, and its body until it ends, breaks off or the time is up.
pub(super) fn answer(response: Response, deadline: Deadline, request_id: Arc<str>) -> StreamResponse<Chunks> {
    let (parts, body) = response.into_parts();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let cookies = parts.headers.get_all(SET_COOKIE).iter().map(text).collect();
    let mut headers = HeaderMap::with_capacity(parts.headers.len());
    for name in parts.headers.keys().filter(|name| *name != SET_COOKIE) {
        // The prelude is JSON, and has each name once.
        let values: Result<Vec<&str>, _> =
            parts.headers.get_all(name).iter().map(HeaderValue::to_str).collect();
        match values.map(|values| HeaderValue::from_str(&values.join(","))) {
            Ok(Ok(value)) => drop(headers.insert(name.clone(), value)),
            _ => {
                let request_id = &*request_id;
                tracing::error!(request_id, header = %name, "a header that Lambda cannot pass on is left out");
            }
        }
    }
    let metadata_prelude = MetadataPrelude { status_code: parts.status, headers, cookies };
    let body = AssertUnwindSafe(body.into_data_stream()).catch_unwind();
    let chunks = futures_util::stream::unfold((body, request_id), move |(mut body, id)| async move {
        let next = match deadline.at() {
            None => body.next().await,
            Some(at) => match tokio::time::timeout_at(at, body.next()).await {
                Ok(next) => next,
                Err(_) => return broken_off("the time is up", &id),
            },
        };
        match next? {
            Ok(Ok(chunk)) => Some((Ok(chunk), (body, id))),
            Ok(Err(error)) => broken_off(&error::chain(&error), &id),
            Err(panic) => broken_off(&panic_text(&*panic), &id),
        }
    });
    StreamResponse { metadata_prelude, stream: Box::pin(chunks) }
}

fn broken_off<T>(error: &str, request_id: &str) -> Option<T> {
    tracing::error!(request_id, error, "an answer broke off while it was being sent; it ends here");
    None
}
