//! A change of a DynamoDB table.

use std::collections::BTreeMap;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::attribute::Attribute;
use super::number::Decimal;
use super::record::{Record, StreamRecord};
use crate::error::Failure;

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is new.
    Insert,
    /// It was changed.
    Modify,
    /// It was removed.
    Remove,
}

/// A change of a DynamoDB table, its images read as `T`: numbers, texts, lists and maps as they are, sets as lists.
///
/// The type of a field decides how a number is read: integers of up to 128 bits exactly, `f32` and `f64` rounded to the nearest
/// value, `String` and decimal types that read text with every digit. In a `serde_json::Value` and behind `#[serde(flatten)]` it
/// is a number when that keeps every digit, else text. A binary value is base64 as text, and bytes as a `Vec<u8>`.
///
/// Which images are there is chosen by the stream's view type.
///
/// ```
/// use lift::event::{Change, ChangeKind};
/// use lift::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     id: String,
///     quantity: u32,
/// }
///
/// #[lift::handler(dynamodb = "orders", partial)]
/// async fn changed(change: Change<Order>) {
///     if let (ChangeKind::Insert, Some(order)) = (change.kind, change.new) {
///         tracing::info!(order.id, order.quantity, "new");
///     }
/// }
/// # fn main() { let _ = lift::handlers![changed]; }
/// ```
///
/// # Errors
/// 500 `RECORD_NOT_VALID` when the record or an image has another shape, `NO_RECORD` when no record called the handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change<T> {
    /// What happened.
    pub kind: ChangeKind,
    /// The key of the item; [`key`](Self::key) reads it as a type.
    pub keys: Map<String, Value>,
    /// The item before.
    pub old: Option<T>,
    /// The item after.
    pub new: Option<T>,
    /// What the stream says of it.
    pub record: StreamRecord,
    /// The key as DynamoDB writes it.
    written_key: Value,
}

impl<T> Change<T> {
    /// Reads the key of the item.
    ///
    /// # Errors
    /// 500 `RECORD_NOT_VALID` when it has another shape.
    pub fn key<K: DeserializeOwned>(&self) -> Result<K, Failure> {
        item(&self.written_key)
    }
}

/// Reads an item.
fn item<T: DeserializeOwned>(written: &Value) -> Result<T, Failure> {
    T::deserialize(Attribute::item(written)).map_err(|error| Failure::internal("RECORD_NOT_VALID", error))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    event_name: String,
    dynamodb: Images,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Images {
    keys: Option<Value>,
    old_image: Option<Value>,
    new_image: Option<Value>,
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Change<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Record(Wire { event_name, dynamodb }) = Record::from_request_parts(parts, state).await?;
        let record = StreamRecord::from_request_parts(parts, state).await?;
        let kind = match event_name.as_str() {
            "INSERT" => ChangeKind::Insert,
            "MODIFY" => ChangeKind::Modify,
            "REMOVE" => ChangeKind::Remove,
            other => {
                let problem = format!("DynamoDB has no change `{}`", other.escape_debug());
                return Err(Failure::internal("RECORD_NOT_VALID", problem));
            }
        };
        let Images { keys, old_image, new_image } = dynamodb;
        let written_key = keys.unwrap_or_else(|| Value::Object(Map::new()));
        let image = |written: Option<Value>| written.as_ref().map(item).transpose();
        let (keys, old, new) = (item(&written_key)?, image(old_image)?, image(new_image)?);
        Ok(Self { kind, keys, old, new, record, written_key })
    }
}

/// The key of an item, written the same way whenever it has the same value: DynamoDB neither keeps an order of its
/// attributes nor tells `1` from `1.0`.
pub(crate) fn item_key(keys: &str) -> String {
    let Ok(attributes) = serde_json::from_str::<BTreeMap<String, BTreeMap<String, Value>>>(keys) else {
        return keys.to_owned();
    };
    let mut key = String::with_capacity(keys.len());
    for (name, typed) in attributes {
        for (kind, value) in typed {
            let number = value.as_str().filter(|_| kind == "N").and_then(Decimal::of);
            let value = number.map_or_else(|| value.to_string(), |number| number.to_string());
            key.push_str(&format!("{name:?} {kind:?} {value} "));
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_told_by_its_value() {
        let key = r#"{"id":{"S":"a\u0062"},"n":{"N":"10"}}"#;
        for same in [
            r#"{ "n" : {"N":"1e1"}, "id" : {"S":"ab"} }"#,
            r#"{"id":{"S":"ab"},"n":{"N":"10.00"}}"#,
            r#"{"id":{"S":"ab"},"n":{"N":"+010"}}"#,
            r#"{"id":{"S":"ab"},"n":{"N":"0.1E+2"}}"#,
        ] {
            assert_eq!(item_key(same), item_key(key), "{same}");
        }
        for other in [
            r#"{"id":{"S":"ab"},"n":{"N":"-10"}}"#,
            r#"{"id":{"S":"ab"},"n":{"N":"1"}}"#,
            r#"{"id":{"S":"ab"},"n":{"S":"10"}}"#,
            r#"{"id":{"S":"ab"}}"#,
            r#"{"id":{"S":"10"},"n":{"N":"10"}}"#,
            "{",
        ] {
            assert_ne!(item_key(other), item_key(key), "{other}");
        }
        let zero = |text: &str| item_key(&json!({"n": {"N": text}}).to_string());
        assert_eq!(zero("0"), zero("-0.00e7"));
        let long = "12345678901234567890123456789012345678";
        assert_ne!(zero(long), zero(&long.replace("678", "679")));
        for odd in ["", ".", "1e", "1e99999999999999999999", "0x1", "1e9223372036854775807", "NaN"] {
            assert!(!zero(odd).is_empty());
        }
    }
}
