//! A tumbling window of a stream.

use std::ops::{Deref, DerefMut};

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::batch::Failed;
use crate::error::Failure;
use crate::resource::{Context, Requirements, ResourceSet, Uses};

/// A tumbling window of a Kinesis stream or a table, with the state that its calls share.
///
/// A handler takes it beside a [`Batch<T>`](super::Batch), changes the state and returns it. Lambda passes the state to the next
/// call of the same window and shard. The final call has `is_final`, and its batch is often empty. A handler returns
/// `Window<S>`, `(Window<S>, Failed)` with the records that are not done, or a `Result` of one of them. An error keeps the
/// state of the previous call.
///
/// A new window starts with `S::default()`. Lambda keeps at most 1 MB of state for a shard, as JSON, and terminates a larger
/// window early (<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>). Without this argument an event of
/// a window fails with `EVENT_NOT_SERVED`, because Lambda rejects an answer without a state.
///
/// ```
/// use lift::event::{Batch, Window};
/// use lift::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Click {
///     page: String,
/// }
///
/// #[derive(Default, serde::Serialize, serde::Deserialize)]
/// struct Clicks(std::collections::BTreeMap<String, u64>);
///
/// #[lift::handler(kinesis = "clicks")]
/// async fn count(clicks: Batch<Click>, mut window: Window<Clicks>) -> Window<Clicks> {
///     for click in clicks {
///         *window.state.0.entry(click.value.page).or_default() += 1;
///     }
///     if window.is_final {
///         tracing::info!(pages = window.state.0.len(), until = window.end, "a minute of clicks");
///     }
///     window
/// }
/// # fn main() { let _ = lift::handlers![count]; }
/// ```
///
/// # Errors
/// 500 `NO_WINDOW` when the event has no window: set `TumblingWindowInSeconds` on its event source mapping. 500
/// `WINDOW_NOT_VALID` when the state is not the JSON of an `S`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Window<S> {
    /// The state that the previous call returned; the default in the first call.
    pub state: S,
    /// When the window begins, as Lambda writes it: `2026-01-01T00:00:00Z`.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// The shard that its records come from.
    pub shard_id: String,
    /// Whether this is the final call of the window; Lambda drops the state after it.
    pub is_final: bool,
    /// Whether Lambda has terminated the window early, because its state was too large.
    pub terminated_early: bool,
}

impl<S> Deref for Window<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.state
    }
}

impl<S> DerefMut for Window<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.state
    }
}

impl<S> Window<S> {
    /// Makes a window for a unit test of a handler.
    #[must_use]
    pub fn detached(state: S) -> Self {
        Self {
            state,
            start: String::new(),
            end: String::new(),
            shard_id: String::new(),
            is_final: false,
            terminated_early: false,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'e> {
    window: Option<Bounds>,
    #[serde(borrow)]
    state: Option<&'e RawValue>,
    #[serde(default)]
    shard_id: Option<String>,
    #[serde(default)]
    is_final_invoke_for_window: bool,
    #[serde(default)]
    is_window_terminated_early: bool,
}

#[derive(Deserialize)]
struct Bounds {
    start: String,
    end: String,
}

impl<S, T: Sync> FromRequestParts<T> for Window<S>
where
    S: DeserializeOwned + Default,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Failure> {
        let invalid = |error| Failure::internal("WINDOW_NOT_VALID", error);
        let event = Context::of(parts).and_then(Context::event).map(AsRef::as_ref).unwrap_or_default();
        let wire: Option<Wire<'_>> = serde_json::from_slice(event).map_err(invalid)?;
        let Some((
            Wire { state, shard_id, is_final_invoke_for_window, is_window_terminated_early, .. },
            window,
        )) = wire.and_then(|mut wire| wire.window.take().map(|window| (wire, window)))
        else {
            let cause =
                "`Window` was taken, and the event is of none; its event source has no tumbling window";
            return Err(Failure::internal("NO_WINDOW", cause));
        };
        let state = state.map(RawValue::get).filter(|state| !is_new(state));
        Ok(Self {
            state: state.map_or_else(|| Ok(S::default()), serde_json::from_str).map_err(invalid)?,
            start: window.start,
            end: window.end,
            shard_id: shard_id.unwrap_or_default(),
            is_final: is_final_invoke_for_window,
            terminated_early: is_window_terminated_early,
        })
    }
}

/// Whether this is the state of a new window: `{}`, which need not be an `S`.
fn is_new(state: &str) -> bool {
    let members = serde_json::from_str::<Option<std::collections::BTreeMap<String, IgnoredAny>>>(state);
    members.is_ok_and(|members| members.is_none_or(|members| members.is_empty()))
}

/// That a handler takes a window is noted like a resource.
impl<S> Uses for Window<S> {
    type Resources = Windowed;
}

/// A window, as something that a handler uses.
#[doc(hidden)]
#[derive(Debug)]
pub struct Windowed(());

impl ResourceSet for Windowed {
    fn declare(requirements: &mut Requirements) {
        requirements.window();
    }
}

/// The state that a handler returned, as JSON, in the extensions of its response.
#[derive(Clone)]
pub(crate) struct WindowState(pub(crate) Box<RawValue>);

impl<S: Serialize> IntoResponse for Window<S> {
    fn into_response(self) -> Response {
        match to_raw_value(&self.state) {
            Ok(state) => {
                let mut response = Response::new(Body::empty());
                response.extensions_mut().insert(WindowState(state));
                response
            }
            Err(error) => Failure::unwritable(&error).into_response(),
        }
    }
}

/// The answer of a handler that takes a [`Window`].
impl<S: Serialize> Window<S> {
    pub(crate) fn respond(self, failed: Failed) -> Response {
        let state = self.into_response();
        let mut response = failed.into_response();
        match state.extensions().get::<WindowState>().cloned() {
            Some(state) => {
                response.extensions_mut().insert(state);
                response
            }
            None => state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_without_a_state() {
        for (state, expected) in [
            ("{}", true),
            (" { } ", true),
            ("null", true),
            (r#"{"1":282}"#, false),
            ("[]", false),
            ("0", false),
            (r#""""#, false),
        ] {
            assert_eq!(is_new(state), expected, "{state}");
        }
    }

    #[test]
    fn a_state_that_cannot_be_written_fails_its_call() {
        let odd = Window::detached(std::collections::HashMap::from([((1, 2), 3)]));
        let response = odd.respond(Failed::none());
        assert_eq!(response.extensions().get::<Failure>().unwrap().code(), "RESPONSE_NOT_SERIALIZABLE");
        let mut window = Window::detached(vec![1]);
        window.push(2);
        assert_eq!(window.len(), 2);
    }
}
