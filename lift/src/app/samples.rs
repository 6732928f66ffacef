//! Sample events for what a service serves.

use std::fmt::Write as _;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::{Service, Triggered};
use crate::event::sample;
use crate::handler::Trigger;
use crate::handler::router::Matched;

/// What an event of the service is asked for by: its kind, such as `sqs` or `rest-api`, and its queue, route or rule.
pub(crate) fn samples(service: &Service) -> Vec<(&'static str, String)> {
    let mut samples = Vec::new();
    if let Some((method, path)) = example(service) {
        samples.extend(sample::HTTP.map(|(kind, _)| (kind, format!("{method} {path}"))));
    }
    samples.extend(service.triggers.iter().map(Triggered::describe));
    samples
}

/// An event that the service serves, with this body, message or detail in it.
///
/// # Errors
/// Nothing serves it, or it cannot have this body.
pub(crate) fn event(
    service: &Service,
    kind: &str,
    name: Option<&str>,
    body: Option<&[u8]>,
) -> Result<Value, String> {
    let what = || name.map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"));
    if let Some((_, source)) = sample::HTTP.into_iter().find(|(http, _)| *http == kind) {
        let route = match name {
            Some(name) => asked(service, name),
            None => example(service),
        };
        let Some((method, target)) = route else {
            return Err(format!(
                "this service takes no event `{}`\nhelp: `routes` lists what it serves; write `events {kind} \"POST /orders\"`",
                what()
            ));
        };
        let base = service.base_path.as_deref().unwrap_or_default();
        return Ok(sample::request(source, &method, &format!("{base}{}", filled(&target)), body));
    }
    let asked = |triggered: &&Triggered| {
        let (its_kind, its_name) = triggered.describe();
        its_kind == kind && name.is_none_or(|name| name == its_name)
    };
    let Some(triggered) = service.triggers.iter().find(asked) else {
        let mut kinds: Vec<_> = samples(service).into_iter().map(|(kind, _)| kind).collect();
        kinds.dedup();
        return Err(format!("this service takes no event `{}`\nhelp: it takes {}", what(), kinds.join(", ")));
    };
    let event = of(triggered);
    match body {
        None => Ok(event),
        Some(body) => with_body(kind, event, body),
    }
}

fn of(triggered: &Triggered) -> Value {
    let physical = triggered.physical.as_deref();
    match triggered.meta.trigger {
        Trigger::Records { kind, name } => {
            let event = sample::record(kind, physical.unwrap_or(name));
            if triggered.windowed { sample::in_window(event) } else { event }
        }
        Trigger::EventBridge { source, detail_type } => {
            sample::event_bridge(source.unwrap_or("my.service"), detail_type.unwrap_or("Something Happened"))
        }
        Trigger::WebSocket { route_key } => sample::message(route_key),
        Trigger::Event { matches, .. } => sample::matching(matches),
        Trigger::Invoke { .. } | Trigger::Http { .. } => json!({}),
    }
}

/// A route that is sure to find its handler, as one without parameters is.
fn example(service: &Service) -> Option<(Method, String)> {
    let served = service.router.served();
    let plain = served.iter().find(|served| served.method == Method::GET && !served.path.contains('{'));
    plain.or(served.first()).map(|route| (route.method.clone(), route.path.to_string()))
}

/// The route `POST /orders/{id}`, or a request to one such as `GET /orders/7?expand=lines`; `None` where nothing serves it.
fn asked(service: &Service, name: &str) -> Option<(Method, String)> {
    let (method, target) = name.split_once(' ')?;
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?;
    let path = filled(target.split('?').next()?);
    let is_served = matches!(service.router.route(&method, &path), Matched::Served(..));
    is_served.then(|| (method, target.to_owned()))
}

/// A path with something in place of its parameters.
fn filled(path: &str) -> String {
    let mut filled = String::with_capacity(path.len());
    for segment in path.split('/').skip(1) {
        let (parameter, rest) = segment.split_at(segment.find('}').map_or(0, |end| end + 1));
        // Writing to a string cannot fail.
        let _ = write!(filled, "/{}{rest}", if parameter.starts_with('{') { "1" } else { parameter });
    }
    filled
}

/// Puts a body into an event: the message, the detail, or all of it.
fn with_body(kind: &str, mut event: Value, body: &[u8]) -> Result<Value, String> {
    let json = || -> Result<Value, String> {
        serde_json::from_slice(body)
            .map_err(|error| format!("an event of `{kind}` holds JSON, and the body is none: {error}"))
    };
    let text = || match std::str::from_utf8(body) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(format!("an event of `{kind}` holds text, and the body is not UTF-8")),
    };
    let (place, value) = match kind {
        "sqs" => ("/Records/0/body", text()?),
        "sns" => ("/Records/0/Sns/Message", text()?),
        "kinesis" => ("/Records/0/kinesis/data", BASE64_STANDARD.encode(body).into()),
        "dynamodb" => ("/Records/0/dynamodb/NewImage", json()?),
        "eventbridge" | "schedule" => ("/detail", json()?),
        "ws" => ("/body", text()?),
        "s3" => return Err("an event of `s3` has no body: it names an object".to_owned()),
        _ => ("", json()?),
    };
    if let Some(at) = event.pointer_mut(place) {
        *at = value;
    }
    // It was the sum of another body.
    if let Some(record) = event.pointer_mut("/Records/0").and_then(Value::as_object_mut) {
        record.remove("md5OfBody");
    }
    Ok(event)
}
