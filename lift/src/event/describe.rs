use serde_json::Value;

/// What an event seems to be, in words, for the error about an event that nothing serves.
#[cold]
pub(crate) fn describe(bytes: &[u8]) -> String {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else {
        return "bytes that are not JSON".to_owned();
    };
    let Value::Object(map) = &event else {
        return match event {
            Value::Array(_) => "a JSON array".to_owned(),
            Value::String(_) => "a JSON string".to_owned(),
            Value::Null => "null".to_owned(),
            _ => "a JSON value".to_owned(),
        };
    };
    let record = event.pointer("/Records/0");
    let source = record.and_then(|record| record.get("eventSource").or_else(|| record.get("EventSource")));
    if let Some(source) = source.and_then(Value::as_str) {
        return format!("a batch of records from `{}`", source.escape_debug());
    }
    let has = |pointer: &str| event.pointer(pointer).is_some();
    if has("/requestContext/http") {
        "an HTTP request (API Gateway HTTP API or function URL)".to_owned()
    } else if has("/requestContext/elb") {
        "an HTTP request from an Application Load Balancer".to_owned()
    } else if has("/requestContext/connectionId") {
        "a WebSocket message".to_owned()
    } else if has("/httpMethod") {
        "an HTTP request from an API Gateway REST API (payload 1.0)".to_owned()
    } else if let Some(kind) = event.get("detail-type").and_then(Value::as_str) {
        format!("an EventBridge event of type `{}`", kind.escape_debug())
    } else {
        let mut keys: Vec<String> =
            map.keys().take(5).map(|key| format!("`{}`", key.escape_debug())).collect();
        if map.len() > keys.len() {
            keys.push("…".to_owned());
        }
        if keys.is_empty() {
            "an empty JSON object".to_owned()
        } else {
            format!("a JSON object with {}", keys.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_by_their_keys() {
        for (event, words) in [
            (r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, "a batch of records from `aws:sqs`"),
            (r#"{"httpMethod":"GET","path":"/"}"#, "REST API (payload 1.0)"),
            (r#"{"requestContext":{"elb":{}},"httpMethod":"GET"}"#, "Application Load Balancer"),
            (r#"{"detail-type":"Scheduled Event"}"#, "an EventBridge event of type `Scheduled Event`"),
            (r#"{"a":1,"b":2}"#, "a JSON object with `a`, `b`"),
            ("{", "bytes that are not JSON"),
            ("{}", "an empty JSON object"),
        ] {
            assert!(describe(event.as_bytes()).contains(words), "{event}: {}", describe(event.as_bytes()));
        }
    }
}
