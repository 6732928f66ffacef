//! What a handler can know of the AWS event that called it: [`RequestContext`], [`Record`] and the records of each
//! source, a whole [`Batch`].
//!
//! The only module that knows AWS's wire formats. What an event is, is told by the keys it has, in one pass that
//! borrows from its bytes.

mod attribute;
mod batch;
mod change;
mod context;
mod decode;
mod describe;
mod encode;
mod foreign;
pub(crate) mod gateway;
mod kind;
mod number;
#[cfg(test)]
mod recognition_tests;
mod record;
mod records;
mod request;
pub(crate) mod sample;
mod scan;
mod stage;
#[cfg(test)]
mod tests;
mod window;

pub use batch::Whole;
pub use batch::{Batch, Failed, Item};
pub(crate) use batch::{Batched, BatchedItem, FailedItems};
pub(crate) use change::item_key;
pub use change::{Change, ChangeKind};
pub use context::{HttpContext, RequestContext};
pub(crate) use decode::{Decoded, decode};
pub(crate) use describe::describe;
pub(crate) use encode::{HeaderNotUtf8, HttpSource, RESPONSE_LIMIT, TooLarge, encode, encode_head};
pub use kind::RecordKind;
pub use record::{
    EventBridgeEvent, KinesisRecord, Record, S3Object, SnsNotification, SqsMessage, StreamRecord,
};
pub(crate) use records::{BatchItem, Records};
pub(crate) use stage::stage_in_path;
pub(crate) use window::WindowState;
pub use window::{Window, Windowed};

/// The largest body of a request that Lambda passes: 6 MB.
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
