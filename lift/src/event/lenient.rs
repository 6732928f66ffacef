//! Parts of an event, read so that one of an unexpected shape is absent and fails nothing.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Text that borrows from the event where no escape forbids it; `null` and other kinds count as absent.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl<'a, 'de: 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

/// A list of texts, or nothing.
#[derive(Default)]
pub(super) struct Texts<'a>(pub(super) Vec<Text<'a>>);

impl<'a, 'de: 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// Headers straight from the event; a name or value that HTTP does not allow is left out.
#[derive(Default)]
pub(super) struct Headers(pub(super) HeaderMap);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("headers")
            }

            fn visit_unit<E: Error>(self) -> Result<Headers, E> {
                Ok(Headers::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = Headers(HeaderMap::with_capacity(map.size_hint().unwrap_or(24)));
                while let Some((name, value)) = map.next_entry::<Text<'de>, Text<'de>>()? {
                    if let (Some(name), Some(value)) = (name.0, value.0) {
                        headers.add(&name, &value);
                    }
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl Headers {
    fn add(&mut self, name: &str, value: &str) {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        match parsed {
            Some((name, value)) => {
                self.0.append(name, value);
            }
            None => {
                tracing::warn!(header = %name.escape_debug(), "a header that HTTP does not allow is left out");
            }
        }
    }
}

impl From<Pairs<'_>> for Headers {
    fn from(pairs: Pairs<'_>) -> Self {
        let mut headers = Self::default();
        pairs.0.iter().for_each(|(name, value)| headers.add(name, value));
        headers
    }
}

/// `{"name": "value"}` or `{"name": ["value", …]}`: each value with its name. Nothing is lost but what is no text.
#[derive(Default)]
pub(super) struct Pairs<'a>(pub(super) Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a, 'de: 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Values<'a> {
            Many(#[serde(borrow)] Vec<Text<'a>>),
            One(#[serde(borrow)] Text<'a>),
        }
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, values)) = map.next_entry::<Text<'de>, Values<'de>>()? {
                    let Some(name) = name.0 else { continue };
                    let values = match values {
                        Values::Many(values) => values,
                        Values::One(value) => vec![value],
                    };
                    let values = values.into_iter().filter_map(|value| value.0);
                    pairs.extend(values.map(|value| (name.clone(), value)));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

impl<'a> Pairs<'a> {
    /// What a part of the event holds; a part of another shape holds nothing.
    pub(super) fn of(part: Option<&'a RawValue>) -> Self {
        part.and_then(|part| serde_json::from_str(part.get()).ok()).unwrap_or_default()
    }
}
