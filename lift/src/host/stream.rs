//! Answers that a function URL passes on bit by bit.
//!
//! `lambda_runtime` writes the head of such an answer from headers of ASCII alone; lift writes the same head that it
//! writes for an answer in one piece.

use std::convert::Infallible;

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::value::RawValue;

/// What stands between the head of an answer and its body.
const BETWEEN: &[u8] = &[0; 8];

/// The head, and then the body until it ends or is stopped.
///
/// What has stopped the body has been logged, and nobody can be told any more: the answer ends before it.
pub(super) fn answer(
    head: Box<RawValue>,
    body: Body,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let head = Bytes::from(Box::<str>::from(head).into_boxed_bytes());
    let body = body.into_data_stream().scan((), |(), chunk| std::future::ready(chunk.ok()));
    stream::iter([head, Bytes::from_static(BETWEEN)]).chain(body).map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_its_head_and_its_body_until_that_breaks_off() {
        let chunks = [Ok("a"), Ok("b"), Err(std::io::Error::other("broken")), Ok("c")];
        let body = Body::from_stream(stream::iter(chunks));
        let head = RawValue::from_string(r#"{"statusCode":200}"#.to_owned()).unwrap();
        let all: Vec<Bytes> = answer(head, body).map(Result::unwrap).collect().await;
        assert_eq!(all.concat(), b"{\"statusCode\":200}\0\0\0\0\0\0\0\0ab");
    }
}
