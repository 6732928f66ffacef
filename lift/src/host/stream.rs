//! Answers that a function URL passes on bit by bit.

use std::convert::Infallible;
use std::pin::Pin;

use axum_core::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use lambda_runtime::{MetadataPrelude, StreamResponse};

use crate::event::without_hop_by_hop;

/// The body of an answer. What breaks off ends it: `lambda_runtime` would write the error's text into the body.
pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// An answer with its head first, and its body until it ends or is stopped.
pub(super) fn answer(response: Response, request_id: &str) -> StreamResponse<Chunks> {
    let (mut parts, body) = response.into_parts();
    without_hop_by_hop(&mut parts.headers);
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let cookies = parts.headers.get_all(SET_COOKIE).iter().map(text).collect();
    let (mut headers, mut left_out) = (HeaderMap::with_capacity(parts.headers.len()), None);
    for name in parts.headers.keys().filter(|name| *name != SET_COOKIE) {
        // The prelude is JSON, and has each name once.
        let values: Result<Vec<&str>, _> =
            parts.headers.get_all(name).iter().map(HeaderValue::to_str).collect();
        match values.map(|values| HeaderValue::from_str(&values.join(","))) {
            Ok(Ok(value)) => drop(headers.insert(name.clone(), value)),
            _ => drop(left_out.get_or_insert(name)),
        }
    }
    if let Some(header) = left_out {
        tracing::error!(request_id, %header, "a header that Lambda cannot pass on is left out");
    }
    let metadata_prelude = MetadataPrelude { status_code: parts.status, headers, cookies };
    // What has stopped the body has been logged. Its error would end up in the answer, so the answer ends before it.
    let chunks = body.into_data_stream().scan((), |(), chunk| std::future::ready(chunk.ok().map(Ok)));
    StreamResponse { metadata_prelude, stream: Box::pin(chunks) }
}
