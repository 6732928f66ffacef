//! Attributes of a DynamoDB item, read as the target type asks: `{"N": "7"}` as a number or as text.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

use super::number::Number;

pub(super) type Read<T> = Result<T, Error>;

/// One attribute: the letters of its type, and its value as DynamoDB writes it.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    kind: &'a str,
    value: &'a Value,
}

impl<'a> Attribute<'a> {
    /// A whole item, of which each member is an attribute.
    pub(super) fn item(value: &'a Value) -> Self {
        Self { kind: "M", value }
    }

    /// A malformed attribute has no type, and fails when it is read.
    fn of(typed: &'a Value) -> Self {
        let mut pairs = typed.as_object().into_iter().flatten();
        match (pairs.next(), pairs.next()) {
            (Some((kind, value)), None) => Self { kind, value },
            _ => Self { kind: "", value: typed },
        }
    }

    /// The text of a number.
    fn number(self) -> Option<Number<'a>> {
        (self.kind == "N").then_some(self.value).and_then(Value::as_str).map(Number)
    }

    /// The value of a text, or of binary data in base64.
    fn text(self) -> Option<&'a str> {
        matches!(self.kind, "S" | "B" | "N").then_some(self.value).and_then(Value::as_str)
    }

    fn bytes(self) -> Option<Read<Vec<u8>>> {
        let text = (self.kind == "B").then_some(self.value).and_then(Value::as_str)?;
        Some(BASE64_STANDARD.decode(text).map_err(Error::custom))
    }

    fn list(self) -> Option<&'a [Value]> {
        matches!(self.kind, "L" | "SS" | "NS" | "BS").then_some(self.value)?.as_array().map(Vec::as_slice)
    }

    /// The letters of the elements of a set; of a list each has its own.
    fn element(self) -> Option<&'static str> {
        match self.kind {
            "SS" => Some("S"),
            "NS" => Some("N"),
            "BS" => Some("B"),
            _ => None,
        }
    }

    fn map(self) -> Option<&'a Map<String, Value>> {
        (self.kind == "M").then_some(self.value)?.as_object()
    }
}

#[cold]
pub(super) fn wrong() -> Error {
    Error::custom("an attribute is not written as DynamoDB writes it")
}

impl<'de> IntoDeserializer<'de, Error> for Attribute<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

type Member<'a> = (Name<'a>, Attribute<'a>);
type Members<'a> = std::iter::Map<serde_json::map::Iter<'a>, fn((&'a String, &'a Value)) -> Member<'a>>;

fn members<'a>(map: &'a Map<String, Value>) -> MapDeserializer<'a, Members<'a>, Error> {
    MapDeserializer::new(map.iter().map(|(name, value)| (Name(name), Attribute::of(value))))
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            match self.number() {
                Some(number) => number.$method(visitor),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            match self.text() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> serde::Deserializer<'de> for Attribute<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match (self.kind, self.value) {
            ("N", Value::String(text)) => Number(text).deserialize_any(visitor),
            ("S" | "B", Value::String(text)) => visitor.visit_borrowed_str(text),
            ("BOOL", Value::Bool(value)) => visitor.visit_bool(*value),
            ("NULL", _) => visitor.visit_unit(),
            _ => match (self.list(), self.map()) {
                (Some(list), _) => {
                    let element = |value| match self.element() {
                        Some(kind) => Attribute { kind, value },
                        None => Attribute::of(value),
                    };
                    let mut elements = SeqDeserializer::new(list.iter().map(element));
                    let value = visitor.visit_seq(&mut elements)?;
                    elements.end()?;
                    Ok(value)
                }
                (None, Some(map)) => visitor.visit_map(members(map)),
                (None, None) => Err(wrong()),
            },
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.bytes() {
            Some(bytes) => visitor.visit_byte_buf(bytes?),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.bytes() {
            Some(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes?.into_iter())),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.kind == "NULL" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        match (self.map(), self.text()) {
            (Some(map), _) if map.len() == 1 => visitor.visit_enum(MapAccessDeserializer::new(members(map))),
            (Some(_), _) => Err(Error::invalid_value(Unexpected::Map, &"a map with one member")),
            (None, Some(text)) => visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(text)),
            (None, None) => self.deserialize_any(visitor),
        }
    }

    /// An ignored attribute may have a type that DynamoDB adds later.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool unit unit_struct tuple tuple_struct map struct
    }
}

/// The name of a member: text, or a number where the keys of a map are numbers.
struct Name<'a>(&'a str);

impl<'de> IntoDeserializer<'de, Error> for Name<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! by_number {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            Number(self.0).$method(visitor)
        }
    )*};
}

impl<'de> serde::Deserializer<'de> for Name<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_borrowed_str(self.0)
    }

    by_number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            text => visitor.visit_borrowed_str(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(self.0))
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::super::number::Decimal;
    use super::*;

    fn read<T: DeserializeOwned>(typed: &Value) -> Read<T> {
        T::deserialize(Attribute::of(typed))
    }

    fn number<T: DeserializeOwned>(text: &str) -> Read<T> {
        read(&json!({"N": text}))
    }

    const MOST: &str = "12345678901234567890123456789012345678";

    #[test]
    fn what_is_no_number_has_no_decimal() {
        for text in ["", "-", "abc", "1x", "e5", "1e", "1e99999999999999999999", "inf", "NaN", "0x1", "."] {
            assert_eq!(Decimal::of(text), None, "{text}");
            for refused in
                [number::<f64>(text).is_err(), number::<u8>(text).is_err(), number::<Value>(text).is_err()]
            {
                assert!(refused, "{text}");
            }
        }
    }

    #[test]
    fn a_number_is_read_as_its_target_asks() {
        for text in [
            "0.30000000000000004",
            "0.1",
            "-1.5e3",
            "1E-130",
            "9.99e125",
            MOST,
            "0.000000000000000000000000000000000000001",
        ] {
            let value: f64 = text.parse().unwrap();
            assert_eq!(number::<f64>(text).unwrap(), value, "{text}");
            assert_eq!(number::<Option<f64>>(text).unwrap(), Some(value), "{text}");
            assert_eq!(number::<f32>(text).unwrap(), text.parse::<f32>().unwrap(), "{text}");
            assert_eq!(number::<String>(text).unwrap(), text);
            assert_eq!(&*number::<Box<str>>(text).unwrap(), text);
        }
        // By way of an `f64` it would be the next one above.
        let half_way = "1.00000017881393432617187499999999999999";
        assert_eq!(number::<f32>(half_way).unwrap(), 1.000_000_1);
        assert_eq!(number::<u128>(MOST).unwrap(), MOST.parse::<u128>().unwrap());
        assert_eq!(number::<i128>(&format!("-{MOST}")).unwrap(), format!("-{MOST}").parse::<i128>().unwrap());
        assert_eq!(number::<u128>(&u128::MAX.to_string()).unwrap(), u128::MAX);
        assert_eq!(number::<i128>(&i128::MIN.to_string()).unwrap(), i128::MIN);
        assert_eq!(number::<u64>(&u64::MAX.to_string()).unwrap(), u64::MAX);
        assert_eq!(number::<i64>(&i64::MIN.to_string()).unwrap(), i64::MIN);
        for (text, whole) in [("10", 10), ("10.00", 10), ("1e1", 10), ("+010", 10), ("0.1E+2", 10), ("-0", 0)]
        {
            assert_eq!(number::<u8>(text).unwrap(), whole, "{text}");
            assert_eq!(number::<i32>(text).unwrap(), i32::from(whole), "{text}");
            assert_eq!(number::<u128>(text).unwrap(), u128::from(whole), "{text}");
        }
        for text in ["1.5", "1e-1", "256", "-1", "1e38", "1e39", "1e99"] {
            assert!(number::<u8>(text).is_err(), "{text}");
            assert!(number::<Option<u8>>(text).is_err(), "{text}");
        }
        assert!(number::<i64>("-9223372036854775809").is_err());
        assert!(number::<f64>("1e400").is_err());
        assert!(number::<bool>("1").is_err());
        assert!(read::<u8>(&json!({"S": "1"})).is_err());
        assert!(number::<f64>(" 1").is_err());
    }

    #[test]
    fn the_numbers_of_sets_lists_and_maps_are_read_alike() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Price(f64);
        #[derive(Debug, Deserialize, PartialEq)]
        #[serde(rename_all = "lowercase")]
        enum Amount {
            Exact(String),
            Near { value: f64 },
            Pair(u128, f64),
            None,
        }
        let long = "0.12345678901234567890123456789012345678";
        let near: f64 = long.parse().unwrap();
        assert_eq!(read::<Vec<f64>>(&json!({"NS": [long, "1"]})).unwrap(), [near, 1.0]);
        assert_eq!(read::<Vec<String>>(&json!({"NS": [long, MOST]})).unwrap(), [long, MOST]);
        assert_eq!(read::<(u128, f64)>(&json!({"L": [{"N": MOST}, {"N": long}]})).unwrap().1, near);
        assert!(read::<(f64,)>(&json!({"L": [{"N": "1"}, {"N": "2"}]})).is_err());
        assert_eq!(read::<Vec<Price>>(&json!({"L": [{"N": long}]})).unwrap(), [Price(near)]);
        let map = json!({"M": {"7": {"N": long}, "340282366920938463463374607431768211455": {"N": "2"}}});
        let by_number = read::<BTreeMap<u128, f64>>(&map).unwrap();
        assert_eq!(by_number, BTreeMap::from([(7, near), (u128::MAX, 2.0)]));
        assert_eq!(read::<HashMap<String, Option<f64>>>(&map).unwrap()["7"], Some(near));
        assert!(read::<BTreeMap<u8, f64>>(&map).is_err());
        for (typed, amount) in [
            (json!({"M": {"exact": {"N": long}}}), Amount::Exact(long.to_owned())),
            (json!({"M": {"near": {"M": {"value": {"N": long}}}}}), Amount::Near { value: near }),
            (json!({"M": {"pair": {"L": [{"N": "1"}, {"N": long}]}}}), Amount::Pair(1, near)),
            (json!({"S": "none"}), Amount::None),
        ] {
            assert_eq!(read::<Amount>(&typed).unwrap(), amount, "{typed}");
        }
        assert!(read::<Amount>(&json!({"M": {}})).is_err());
        assert!(read::<Amount>(&json!({"BOOL": true})).is_err());
    }

    /// Behind `flatten` and in an untagged enum nobody knows yet what is asked.
    #[test]
    fn where_anything_will_do_a_number_keeps_its_digits() {
        #[derive(Deserialize)]
        struct Rest {
            id: String,
            #[serde(flatten)]
            rest: Prices,
        }
        #[derive(Deserialize)]
        struct Prices {
            price: f64,
            count: u64,
        }
        let typed =
            json!({"M": {"id": {"S": "a"}, "price": {"N": "0.30000000000000004"}, "count": {"N": "3"}}});
        let Rest { id, rest } = read(&typed).unwrap();
        assert_eq!((id.as_str(), rest.price, rest.count), ("a", 0.300_000_000_000_000_04, 3));
        for (text, value) in [
            ("7", json!(7)),
            ("-7", json!(-7)),
            ("18446744073709551615", json!(u64::MAX)),
            ("18446744073709551616", json!("18446744073709551616")),
            ("0.30000000000000004", json!(0.300_000_000_000_000_04)),
            ("0.300000000000000041", json!("0.300000000000000041")),
            ("1E+22", json!(1e22)),
            ("1.50", json!(1.5)),
            (MOST, json!(MOST)),
        ] {
            assert_eq!(number::<Value>(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn attributes_of_every_type_become_plain_json() {
        let typed = json!({"M": {
            "s": {"S": "a"}, "n": {"N": "-1.5e3"}, "long": {"N": "12345678901234567890123"},
            "whole": {"N": "1234567890123456789"}, "b": {"B": "AA=="}, "t": {"BOOL": true}, "z": {"NULL": true},
            "ss": {"SS": ["a"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": ["AA=="]},
            "l": {"L": [{"N": "1"}, {"M": {}}]},
        }});
        let expected = json!({
            "s": "a", "n": -1500.0, "long": "12345678901234567890123", "whole": 1_234_567_890_123_456_789_u64,
            "b": "AA==", "t": true, "z": null, "ss": ["a"], "ns": [1, 2], "bs": ["AA=="], "l": [1, {}],
        });
        assert_eq!(read::<Value>(&typed).unwrap(), expected);
        for wrong in [
            json!(1),
            json!({}),
            json!({"N": 1}),
            json!({"N": "x"}),
            json!({"S": "a", "N": "1"}),
            json!({"X": 1}),
            json!({"L": {}}),
            json!({"M": []}),
            json!({"NS": [1]}),
            json!({"NS": [{"N": "1"}]}),
        ] {
            assert!(read::<Value>(&wrong).is_err(), "{wrong}");
            assert!(read::<Option<f64>>(&wrong).is_err(), "{wrong}");
            assert!(read::<Vec<f64>>(&wrong).is_err(), "{wrong}");
        }
        // Of a type that DynamoDB has not had yet, as long as nobody asks.
        #[derive(Debug, Deserialize)]
        struct Known {
            id: u8,
        }
        let unknown = json!({"M": {"id": {"N": "1"}, "new": {"X": [1]}}});
        assert_eq!(read::<Known>(&unknown).unwrap().id, 1);
    }

    #[test]
    fn binary_values_are_bytes_where_these_are_asked_for() {
        let typed = json!({"B": "AAH/"});
        assert_eq!(read::<Vec<u8>>(&typed).unwrap(), [0, 1, 255]);
        assert_eq!(read::<std::ffi::CString>(&json!({"B": "AQI="})).unwrap().as_bytes(), [1, 2]);
        assert_eq!(read::<String>(&typed).unwrap(), "AAH/");
        assert_eq!(read::<Vec<Vec<u8>>>(&json!({"BS": ["AA==", ""]})).unwrap(), [vec![0], vec![]]);
        assert!(read::<Vec<u8>>(&json!({"B": "!"})).is_err());
        assert_eq!(read::<Vec<u8>>(&json!({"L": [{"N": "7"}]})).unwrap(), [7]);
        assert_eq!(read::<Option<Vec<u8>>>(&json!({"NULL": true})).unwrap(), None);
        assert_eq!(read::<char>(&json!({"S": "a"})).unwrap(), 'a');
        read::<()>(&json!({"NULL": true})).unwrap();
    }
}
