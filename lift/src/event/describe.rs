use serde_json::Value;

use super::foreign::{foreign_outline, outline};

/// What an event seems to be, in words, for the error about an event that nothing serves.
#[cold]
pub(crate) fn describe(bytes: &[u8]) -> String {
    let Some(event) = outline(bytes) else {
        return "bytes that are not JSON".to_owned();
    };
    if let Some(words) = foreign_outline(&event) {
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
