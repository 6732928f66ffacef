use serde_json::Value;

/// What an event seems to be, in words, for the error about an event that nothing serves.
#[cold]
pub(crate) fn describe(bytes: &[u8]) -> String {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else {
        return "bytes that are not JSON".to_owned();
    };
    if let Some(words) = foreign_value(&event) {
        return words;
    }
    match event {
        Value::Array(_) => "a JSON array".to_owned(),
        Value::String(_) => "a JSON string".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Object(map) if map.is_empty() => "an empty JSON object".to_owned(),
        Value::Object(map) => {
            let mut keys: Vec<String> =
                map.keys().take(5).map(|key| format!("`{}`", key.escape_debug())).collect();
            if map.len() > keys.len() {
                keys.push("…".to_owned());
            }
            format!("a JSON object with {}", keys.join(", "))
        }
        _ => "a JSON value".to_owned(),
    }
}

/// The words for an event that AWS makes, when it is one.
#[cold]
pub(super) fn foreign(bytes: &[u8]) -> Option<String> {
    foreign_value(&serde_json::from_slice(bytes).ok()?)
}

fn foreign_value(event: &Value) -> Option<String> {
    let record = event.pointer("/Records/0");
    let source = record.and_then(|record| record.get("eventSource").or_else(|| record.get("EventSource")));
    if let Some(source) = source.and_then(Value::as_str).filter(|source| source.starts_with("aws:")) {
        return Some(format!("a batch of records from `{}`", source.escape_debug()));
    }
    if let Some(source) =
        event.get("eventSource").and_then(Value::as_str).filter(|source| source.starts_with("aws:"))
    {
        return Some(format!("a batch of records from `{}`", source.escape_debug()));
    }
    let has = |pointer: &str| event.pointer(pointer).is_some();
    let words = if has("/requestContext/http") {
        "an HTTP request (API Gateway HTTP API or function URL)"
    } else if has("/requestContext/elb") {
        "an HTTP request from an Application Load Balancer"
    } else if has("/requestContext/connectionId") {
        "a WebSocket message"
    } else if has("/httpMethod") && has("/requestContext") {
        "an HTTP request from an API Gateway REST API (payload 1.0)"
    } else {
        let kind = event.get("detail-type").and_then(Value::as_str).filter(|_| has("/source"))?;
        return Some(format!("an EventBridge event of type `{}`", kind.escape_debug()));
    };
    Some(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_by_their_keys() {
        for (event, words) in [
            (r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, "a batch of records from `aws:sqs`"),
            (r#"{"httpMethod":"GET","path":"/","requestContext":{}}"#, "REST API (payload 1.0)"),
            (r#"{"requestContext":{"elb":{}},"httpMethod":"GET"}"#, "Application Load Balancer"),
            (
                r#"{"detail-type":"Scheduled Event","source":"aws.events"}"#,
                "an EventBridge event of type `Scheduled Event`",
            ),
            (r#"{"a":1,"b":2}"#, "a JSON object with `a`, `b`"),
            ("{", "bytes that are not JSON"),
            ("{}", "an empty JSON object"),
            ("[]", "a JSON array"),
            (r#""x""#, "a JSON string"),
            ("null", "null"),
            ("7", "a JSON value"),
        ] {
            assert!(describe(event.as_bytes()).contains(words), "{event}: {}", describe(event.as_bytes()));
        }
        let five = r#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#;
        assert_eq!(describe(five.as_bytes()), "a JSON object with `a`, `b`, `c`, `d`, `e`");
        let six = r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}"#;
        assert_eq!(describe(six.as_bytes()), "a JSON object with `a`, `b`, `c`, `d`, `e`, …");
        let part = r#"{"httpMethod":"GET"}"#;
        assert_eq!(describe(part.as_bytes()), "a JSON object with `httpMethod`");
    }
}
