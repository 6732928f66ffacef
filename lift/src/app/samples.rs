//! Sample events for what a service serves.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use super::Service;
use crate::event::sample;
use crate::handler::Trigger;

/// An event that the service serves.
pub(crate) struct Sample {
    /// What it is asked for by: `sqs`, `rest-api`.
    pub(crate) kind: &'static str,
    /// The queue, route or rule.
    pub(crate) name: String,
    pub(crate) event: Value,
}

/// One event for each handler; for HTTP one of each source.
pub(crate) fn samples(service: &Service) -> Vec<Sample> {
    let mut samples = Vec::new();
    let served = service.router.served();
    // One without parameters is sure to find its handler.
    let plain = served.iter().find(|served| served.method == Method::GET && !served.path.contains('{'));
    if let Some(route) = plain.or(served.first()) {
        let base = service.base_path.as_deref().unwrap_or_default();
        let path = format!("{base}{}", filled(&route.path));
        for (kind, source) in sample::HTTP {
            let name = format!("{} {}", route.method, route.path);
            samples.push(Sample { kind, name, event: sample::request(source, &route.method, &path) });
        }
    }
    for triggered in service.triggers.iter() {
        let (kind, name) = triggered.describe();
        let physical = triggered.physical.as_deref();
        let event = match triggered.meta.trigger {
            Trigger::Records { kind, name } => {
                let event = sample::record(kind, physical.unwrap_or(name));
                if triggered.windowed { sample::in_window(event) } else { event }
            }
            Trigger::EventBridge { source, detail_type } => sample::event_bridge(
                source.unwrap_or("my.service"),
                detail_type.unwrap_or("Something Happened"),
            ),
            Trigger::WebSocket { route_key } => sample::message(route_key),
            Trigger::Event { matches, .. } => sample::matching(matches),
            Trigger::Invoke { .. } | Trigger::Http { .. } => json!({}),
        };
        samples.push(Sample { kind, name, event });
    }
    samples
}

/// A path with something in place of its parameters.
fn filled(path: &str) -> String {
    let mut filled = String::with_capacity(path.len());
    for segment in path.split('/').skip(1) {
        let segment = if segment.starts_with('{') { "1" } else { segment };
        // Writing to a string cannot fail.
        let _ = write!(filled, "/{segment}");
    }
    filled
}
