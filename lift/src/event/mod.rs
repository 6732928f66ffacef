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
