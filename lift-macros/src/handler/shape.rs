//! What two triggers are compared by.

use super::model::Trigger;

impl Trigger {
    /// The trigger with its parameters made anonymous; equal for two handlers that can't stand beside each other.
    pub(crate) fn shape(&self) -> String {
        match self {
            Self::Http { method, route } => format!("{method} {}", route.shape()),
            Self::Invoke { name } => format!("invoke {name}"),
            Self::Records { kind, name } => format!("{} {name}", kind.key),
            Self::EventBridge { source, detail_type } => {
                format!("eventbridge {} {}", quoted(source.as_deref()), quoted(detail_type.as_deref()))
            }
            Self::WebSocket { route_key } => format!("ws {route_key}"),
            Self::Event { name, .. } => format!("event {name}"),
        }
    }
}

/// Quoted, so that no two pairs look alike; `*` for any.
fn quoted(part: Option<&str>) -> String {
    part.map_or("*".to_owned(), |part| format!("{part:?}"))
}

/// FNV-1a, 64 bits: short, fixed for all time, and good enough for texts that are compared again on a hit.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_test_vectors() {
        // http://www.isthe.com/chongo/tech/comp/fnv/
        for (text, expected) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(hash(text), expected);
        }
    }
}
