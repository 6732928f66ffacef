//! Bytes of an AWS event ⇄ HTTP request and response.
//!
//! The only module that knows AWS's wire formats. What an event is, is told by the keys it has, in one pass that
//! borrows from its bytes.

mod decode;
mod describe;
mod encode;

pub(crate) use decode::{Decoded, decode};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_question_asks_for_health() {
        assert!(asks_for_health(br#" {"lift" : "health"} "#));
        for other in [r#"{"lift":"error"}"#, r#"{"lift":"health","a":1}"#, r#"{"lift":1}"#, "[]", "", "{"] {
            assert!(!asks_for_health(other.as_bytes()), "{other}");
        }
    }
}
