//! A change of a DynamoDB table.

use std::collections::BTreeMap;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

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

/// A change of a DynamoDB table, its images read as `T`: numbers, texts, lists and maps as they are, sets as lists,
/// binary values as base64. A number with more digits than JSON keeps is text.
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
    /// The key of the item.
    pub keys: Map<String, Value>,
    /// The item before.
    pub old: Option<T>,
    /// The item after.
    pub new: Option<T>,
    /// What the stream says of it.
    pub record: StreamRecord,
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
    keys: Option<Map<String, Value>>,
    old_image: Option<Map<String, Value>>,
    new_image: Option<Map<String, Value>>,
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Change<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Record(Wire { event_name, dynamodb }) = Record::from_request_parts(parts, state).await?;
        let record = StreamRecord::from_request_parts(parts, state).await?;
        let invalid = |problem: String| Failure::internal("RECORD_NOT_VALID", problem);
        let kind = match event_name.as_str() {
            "INSERT" => ChangeKind::Insert,
            "MODIFY" => ChangeKind::Modify,
            "REMOVE" => ChangeKind::Remove,
            other => return Err(invalid(format!("DynamoDB has no change `{}`", other.escape_debug()))),
        };
        let read = |image: Option<Map<String, Value>>| {
            let image = image.map(|image| plain_map(image).map(Value::Object)).transpose()?;
            image.map(|image| serde_json::from_value(image).map_err(|error| error.to_string())).transpose()
        };
        let images = (
            plain_map(dynamodb.keys.unwrap_or_default()),
            read(dynamodb.old_image),
            read(dynamodb.new_image),
        );
        match images {
            (Ok(keys), Ok(old), Ok(new)) => Ok(Self { kind, keys, old, new, record }),
            (Err(problem), ..) | (_, Err(problem), _) | (.., Err(problem)) => Err(invalid(problem)),
        }
    }
}

fn plain_map(map: Map<String, Value>) -> Result<Map<String, Value>, String> {
    map.into_iter().map(|(name, value)| Ok((name, plain(value)?))).collect()
}

/// `{"N": "7"}` to `7`.
fn plain(typed: Value) -> Result<Value, String> {
    let wrong = || "an attribute is not written as DynamoDB writes it".to_owned();
    let Value::Object(typed) = typed else { return Err(wrong()) };
    let mut pairs = typed.into_iter();
    let (Some((kind, value)), None) = (pairs.next(), pairs.next()) else { return Err(wrong()) };
    let number = |text: Value| match text {
        Value::String(text) => match serde_json::from_str::<serde_json::Number>(&text) {
            // What JSON's numbers would round stays text.
            Ok(number) if number.is_f64() && text.bytes().filter(u8::is_ascii_digit).count() > 15 => {
                Ok(Value::String(text))
            }
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => Err(wrong()),
        },
        _ => Err(wrong()),
    };
    Ok(match (kind.as_str(), value) {
        ("S" | "B", text @ Value::String(_)) | ("BOOL", text @ Value::Bool(_)) => text,
        ("N", text) => number(text)?,
        ("NULL", _) => Value::Null,
        ("SS" | "BS", list @ Value::Array(_)) => list,
        ("NS", Value::Array(list)) => {
            let numbers: Result<_, String> = list.into_iter().map(number).collect();
            Value::Array(numbers?)
        }
        ("L", Value::Array(list)) => Value::Array(list.into_iter().map(plain).collect::<Result<_, _>>()?),
        ("M", Value::Object(map)) => Value::Object(plain_map(map)?),
        _ => return Err(wrong()),
    })
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
            let number = value.as_str().filter(|_| kind == "N").and_then(decimal);
            let value = number.unwrap_or_else(|| value.to_string());
            key.push_str(&format!("{name:?} {kind:?} {value} "));
        }
    }
    key
}

/// A number as its digits without zeros at either end, and their power of ten: `-1.50` as `-15e-1`.
fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let kept = digits.trim_end_matches('0');
    let power = |length: usize| i64::try_from(length).ok();
    let exponent =
        exponent.checked_sub(power(fraction.len())?)?.checked_add(power(digits.len() - kept.len())?)?;
    Some(match kept.trim_start_matches('0') {
        "" => "0".to_owned(),
        kept => format!("{sign}{kept}e{exponent}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_number_has_no_decimal() {
        for text in ["", "-", "abc", "1x", "e5", "1e", "1e99999999999999999999"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

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

    #[test]
    fn attributes_of_every_type_become_plain_json() {
        let typed = json!({"M": {
            "s": {"S": "a"}, "n": {"N": "-1.5e3"}, "long": {"N": "12345678901234567890123"}, "whole": {"N": "1234567890123456789"}, "b": {"B": "AA=="}, "t": {"BOOL": true}, "z": {"NULL": true},
            "ss": {"SS": ["a"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": ["AA=="]}, "l": {"L": [{"N": "1"}, {"M": {}}]},
        }});
        let expected = json!({
            "s": "a", "n": -1500.0, "long": "12345678901234567890123", "whole": 1_234_567_890_123_456_789_u64, "b": "AA==", "t": true, "z": null, "ss": ["a"], "ns": [1, 2], "bs": ["AA=="],
            "l": [1, {}],
        });
        assert_eq!(plain(typed), Ok(expected));
        // JSON's numbers hold 15 digits exactly, and not always 16.
        assert_eq!(plain(json!({"N": "1.23456789012345"})), Ok(json!(1.23456789012345)));
        assert_eq!(plain(json!({"N": "1.234567890123456"})), Ok(json!("1.234567890123456")));
        for wrong in [
            json!(1),
            json!({}),
            json!({"N": 1}),
            json!({"N": "x"}),
            json!({"S": "a", "N": "1"}),
            json!({"X": 1}),
        ] {
            assert!(plain(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
