//! Bytes of an AWS event ⇄ HTTP request and response.
//!
//! The only module that knows AWS's wire formats. What an event is, is told by the keys it has, in one pass that
//! borrows from its bytes.

mod decode;
mod describe;
mod encode;
mod lenient;
#[cfg(test)]
mod tests;

pub(crate) use decode::{Decoded, Source, decode};
pub(crate) use describe::describe;
pub(crate) use encode::{HttpAnswer, encode};

/// The largest request or response body that Lambda passes: 6 MB.
pub(crate) const BODY_LIMIT: usize = 6 * 1024 * 1024;

/// Whether an event is `{"lift": "health"}` and nothing else.
pub(crate) fn asks_for_health(event: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Question<'a> {
        lift: &'a str,
    }
    serde_json::from_slice::<Question<'_>>(event).is_ok_and(|question| question.lift == "health")
}
