//! The state of a tumbling window, as Lambda gets it back.

use axum_core::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::Failure;
use crate::event::WindowState;

/// The state after a call: the one that the handler returned, or the previous one when its error was dropped.
///
/// # Errors
/// When a layer has dropped it.
pub(super) fn state(event: &Bytes, response: &Response) -> Result<Box<RawValue>, Failure> {
    if let Some(WindowState(state)) = response.extensions().get() {
        return Ok(state.clone());
    }
    if response.status().as_u16() >= 400 {
        return Ok(before(event).unwrap_or_else(|| RawValue::NULL.to_owned()));
    }
    Err(Failure::internal("WINDOW_STATE_LOST", "the handler's response has lost the state of its window"))
}

/// The state in an event.
fn before(event: &Bytes) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Wire {
        state: Option<Box<RawValue>>,
    }
    serde_json::from_slice::<Wire>(event).ok()?.state
}
