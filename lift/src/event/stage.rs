//! The stage of an API in a path.

use bytes::Bytes;

use super::decode::{Event, RequestContext};

/// The stage that clients of an API see in their paths: under its own name only, because a custom domain has base path
/// mappings instead. `$default` is seen nowhere.
fn stage<'c>(context: &'c RequestContext<'_>) -> Option<&'c str> {
    let own_name = context.domain_name.as_deref().is_some_and(|name| name.contains(".execute-api."));
    context.stage.as_deref().filter(|stage| own_name && *stage != "$default")
}

/// A path without its stage, which an HTTP API puts before it.
pub(super) fn without_stage<'p>(path: &'p str, context: &RequestContext<'_>) -> &'p str {
    let Some(stage) = stage(context) else { return path };
    match path.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage)) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

/// What stands before the path of a request in an event where its client sees it, such as `/prod`: its stage.
#[cold]
pub(crate) fn stage_in_path(event: &Bytes) -> String {
    let event = std::str::from_utf8(event).ok().and_then(|text| Event::read(text).ok().flatten());
    let stage = event.as_ref().and_then(|event| stage(&event.context));
    stage.map(|stage| format!("/{stage}")).unwrap_or_default()
}
