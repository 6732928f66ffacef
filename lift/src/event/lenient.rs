//! Parts of an event, read so that one of an unexpected shape is absent and fails nothing.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// `null`, numbers and, where they are not what is looked for, texts: nothing.
macro_rules! absent {
    (Text<'de>) => { absent!(@scalars Text<'de>); };
    ($type:ty) => {
        absent!(@scalars $type);

        fn visit_str<E: Error>(self, _: &str) -> Result<$type, E> {
            Ok(Default::default())
        }
    };
    (@scalars $type:ty) => {
        fn visit_unit<E: Error>(self) -> Result<$type, E> {
            Ok(Default::default())
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<$type, E> {
            Ok(Default::default())
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<$type, E> {
            Ok(Default::default())
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<$type, E> {
            Ok(Default::default())
        }
    };
}

/// Lists and objects where a single value is looked for: nothing.
macro_rules! absent_structures {
    ($type:ty) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<$type, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$type, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
}

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

            fn visit_bool<E: Error>(self, _: bool) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            absent!(Text<'de>);
            absent_structures!(Text<'de>);
        }
        deserializer.deserialize_any(Visit)
    }
}

/// Text that is long and full of escapes, such as a body in JSON: skipped first, so that its length is known, and written
/// down once.
#[derive(Default)]
pub(super) struct LongText<'a>(pub(super) Option<Cow<'a, str>>);

impl<'a, 'de: 'a> Deserialize<'de> for LongText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let Some(inside) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) else {
            return Ok(Self(None));
        };
        match unescaped(inside) {
            Some(text) => Ok(Self(Some(text))),
            None => Err(D::Error::custom("a text has half of a surrogate pair")),
        }
    }
}

/// The text between the quotes of JSON that is well-formed; `None` when it holds half of a surrogate pair.
fn unescaped(inside: &str) -> Option<Cow<'_, str>> {
    let Some((before, mut rest)) = inside.split_once('\\') else { return Some(Cow::Borrowed(inside)) };
    let mut text = String::with_capacity(inside.len());
    text.push_str(before);
    loop {
        let (escape, behind) = rest.split_at_checked(1)?;
        rest = behind;
        match escape {
            "n" => text.push('\n'),
            "t" => text.push('\t'),
            "r" => text.push('\r'),
            "b" => text.push('\u{8}'),
            "f" => text.push('\u{c}'),
            "u" => {
                let (first, behind) = unit(rest)?;
                rest = behind;
                match char::from_u32(first) {
                    Some(letter) => text.push(letter),
                    None => {
                        let (second, behind) = unit(rest.strip_prefix("\\u")?)?;
                        rest = behind;
                        let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
                        text.push(char::decode_utf16(pair).next()?.ok()?);
                    }
                }
            }
            // `"`, `\` and `/` stand for themselves.
            itself => text.push_str(itself),
        }
        // Escapes stand close together in JSON inside of JSON, so a search that begins slowly would not pay.
        let Some(next) = rest.bytes().position(|byte| byte == b'\\') else {
            text.push_str(rest);
            return Some(Cow::Owned(text));
        };
        let (before, behind) = rest.split_at_checked(next)?;
        text.push_str(before);
        rest = behind.get(1..)?;
    }
}

/// The four digits of `\u`, and what stands behind them.
fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// A list of texts; one text alone is a list of one, and anything else an empty list.
#[derive(Default)]
pub(super) struct Texts<'a>(pub(super) Vec<Cow<'a, str>>);

impl<'a, 'de: 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut texts = Vec::new();
        OneOrMany(&mut |text| texts.push(text)).deserialize(deserializer)?;
        Ok(Self(texts))
    }
}

/// Hands each text of a list over, or the one that stands alone.
struct OneOrMany<'f, 'de>(&'f mut dyn FnMut(Cow<'de, str>));

impl<'de> DeserializeSeed<'de> for OneOrMany<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneOrMany<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or a list of texts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        (self.0)(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        (self.0)(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(text) = seq.next_element::<Text<'de>>()? {
            if let Some(text) = text.0 {
                (self.0)(text);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    absent!(@scalars ());
}

/// `true` or `false`; anything else counts as absent.
#[derive(Clone, Copy, Default)]
pub(super) struct Flag(pub(super) Option<bool>);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(Some(flag)))
            }

            absent!(Flag);
            absent_structures!(Flag);
        }
        deserializer.deserialize_any(Visit)
    }
}

/// An object, read as `T`; anything else counts as absent.
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visit<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Object<T>, E> {
                Ok(Object(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Some).map(Object)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Object<T>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Object(None))
            }

            absent!(Object<T>);
        }
        deserializer.deserialize_any(Visit(PhantomData))
    }
}

/// `{"name": "value"}` or `{"name": ["value", …]}`: each value with its name. Nothing is lost but what is no text.
#[derive(Default)]
pub(super) struct Pairs<'a>(pub(super) Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a, 'de: 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names and values")
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Pairs<'de>, E> {
                Ok(Pairs::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                // Most requests have fewer.
                let mut pairs = Vec::with_capacity(24);
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    let name = name.0.unwrap_or_default();
                    map.next_value_seed(OneOrMany(&mut |value| pairs.push((name.clone(), value))))?;
                }
                Ok(Pairs(pairs))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pairs<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Pairs::default())
            }

            absent!(Pairs<'de>);
        }
        deserializer.deserialize_any(Visit)
    }
}

impl<'a> Pairs<'a> {
    /// What a part of the event holds; a part of another shape holds nothing.
    pub(super) fn of(part: Option<&'a RawValue>) -> Self {
        part.and_then(|part| serde_json::from_str(part.get()).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_what_serde_json_makes_of_them() {
        let mut chance = fastrand::Rng::with_seed(7);
        let parts = [
            "a",
            "\u{fc}",
            "\u{1f980}",
            "\\n",
            "\\t",
            "\\r",
            "\\b",
            "\\f",
            "\\\"",
            "\\\\",
            "\\/",
            "\\u0041",
            "\\u00fC",
            "\\ud83e\\udd80",
            "\\ud83e",
            "\\udd80",
            "\\u0000",
        ];
        for _ in 0..20_000 {
            let length = chance.usize(..8);
            let inside: String = (0..length).map(|_| parts[chance.usize(..parts.len())]).collect();
            let json = format!("\"{inside}\"");
            let expected = serde_json::from_str::<String>(&json).ok();
            let read = serde_json::from_str::<LongText<'_>>(&json).ok();
            assert_eq!(read.map(|text| text.0.unwrap().into_owned()), expected, "{json}");
        }
        for other in ["null", "7", "[\"a\"]", "{}", "true"] {
            assert!(serde_json::from_str::<LongText<'_>>(other).unwrap().0.is_none(), "{other}");
        }
    }
}
