use std::convert::Infallible;
use std::fmt::{self, Display};
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::StatusCode;
use http::request::Parts;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer};

use crate::error::{Failure, Origin};
use crate::resource::Context;

fn invalid(name: &str, problem: impl Display) -> Failure {
    refused(format_args!("path parameter `{name}`: {problem}"))
}

fn refused(detail: impl Display) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "INVALID_PATH_PARAMETER")
        .detail(detail.to_string())
        .origin_is(Origin::Rejected)
}

/// A parameter of the route, by its index; generated code takes one for each argument named like a parameter.
#[derive(Clone, Copy, Debug)]
pub struct PathArg<T, const INDEX: usize>(pub T);

/// A value that a path parameter can be: whatever has [`FromStr`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a path parameter",
    label = "has no `FromStr`",
    note = "an argument named like a `{{parameter}}` of the route is parsed from the path: implement `std::str::FromStr` for `{Self}`"
)]
pub trait FromPath: Sized {
    /// Reads it, or says what is wrong.
    fn from_path(text: &str) -> Result<Self, String>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr> FromPath for T
where
    T::Err: Display,
{
    fn from_path(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: T::Err| error.to_string())
    }
}

impl<T: FromPath, S: Sync, const INDEX: usize> FromRequestParts<S> for PathArg<T, INDEX> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let params = Context::of(parts).map(Context::params).unwrap_or_default();
        let Some((name, text)) = params.get(INDEX) else {
            return Err(Failure::internal("INTERNAL", "the route has no such parameter"));
        };
        T::from_path(text).map(Self).map_err(|error| invalid(name, error))
    }
}

/// All parameters of the route as one value: a tuple or a tuple struct in the route's order, a struct or a map by their
/// names, a list of values or of pairs `(name, value)`, or a single value when there is one. `Option<Path<T>>` is `None`
/// where the route has no parameters.
///
/// Usually unnecessary: an argument named like a parameter is parsed from the path.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Send, S: Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let params = Context::of(parts).map(Context::params).unwrap_or_default();
        T::deserialize(Params(params)).map(Path).map_err(|error| match &error.name {
            Some(name) => invalid(name, &error),
            None => refused(format_args!("path parameters: {error}")),
        })
    }
}

impl<T: DeserializeOwned + Send, S: Sync> OptionalFromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Failure> {
        if Context::of(parts).is_none_or(|context| context.params().is_empty()) {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
    }
}

/// What is wrong, and with which parameter where it is one.
#[derive(Debug)]
pub(super) struct ParamError {
    /// The parameter whose value is wrong.
    name: Option<String>,
    /// The one that is not there, or should not be.
    about: Option<String>,
    pub(super) problem: String,
}

impl ParamError {
    fn of(mut self, name: &str) -> Self {
        self.name.get_or_insert_with(|| name.to_owned());
        self
    }

    fn about(name: &str, problem: String) -> Self {
        Self { name: None, about: Some(name.to_owned()), problem }
    }

    /// The parameter, whatever is wrong with it.
    pub(super) fn parameter(&self) -> Option<&str> {
        self.name.as_deref().or(self.about.as_deref())
    }
}

impl fmt::Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ParamError {}

impl serde::de::Error for ParamError {
    fn custom<T: Display>(problem: T) -> Self {
        Self { name: None, about: None, problem: problem.to_string() }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::about(field, format!("missing field `{field}`"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::about(field, format!("duplicate field `{field}`"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known: Vec<_> = expected.iter().map(|name| format!("`{name}`")).collect();
        let known = match known.as_slice() {
            [] => "there are no fields".to_owned(),
            known => format!("expected {}", known.join(", ")),
        };
        Self::about(field, format!("unknown field `{field}`, {known}"))
    }
}

macro_rules! single {
    ($($method:ident)*) => {$(
        fn $method<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamError> {
            self.only()?.$method(visitor)
        }
    )*};
}

/// Parameters as a struct, a tuple or, when there is one, a single value.
pub(super) struct Params<'a, N>(pub(super) &'a [(N, String)]);

impl<'de, N: AsRef<str>> serde::Deserializer<'de> for Params<'_, N> {
    type Error = ParamError;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamError> {
        match self.0 {
            [(name, value)] => Param(name.as_ref(), value).deserialize_any(visitor),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_map<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamError> {
        visitor.visit_map(MapDeserializer::new(
            self.0.iter().map(|(name, value)| (name.as_ref(), Param(name.as_ref(), value))),
        ))
    }

    fn deserialize_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_seq<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamError> {
        visitor
            .visit_seq(SeqDeserializer::new(self.0.iter().map(|(name, value)| Param(name.as_ref(), value))))
    }

    fn deserialize_tuple<V: serde::de::Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        if len == self.0.len() {
            self.deserialize_seq(visitor)
        } else {
            Err(ParamError::custom(format_args!("the route has {} parameters, not {len}", self.0.len())))
        }
    }

    fn deserialize_tuple_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamError> {
        visitor.visit_unit()
    }

    single! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_option
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bytes byte_buf unit_struct identifier ignored_any
    }
}

impl<'a, N: AsRef<str>> Params<'a, N> {
    fn only(self) -> Result<Param<'a>, ParamError> {
        match self.0 {
            [(name, value)] => Ok(Param(name.as_ref(), value)),
            _ => Err(ParamError::custom(format_args!("the route has {} parameters, not 1", self.0.len()))),
        }
    }
}

/// One parameter, its name and its value, read as the type asks: mostly the value alone.
#[derive(Clone, Copy)]
struct Param<'a>(&'a str, &'a str);

impl Param<'_> {
    /// Names the parameter in an error.
    fn named<T>(self, read: Result<T, ParamError>) -> Result<T, ParamError> {
        read.map_err(|error| error.of(self.0))
    }
}

impl<'de> IntoDeserializer<'de, ParamError> for Param<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parse {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamError> {
            let value: $type = self.1.parse().map_err(|error| {
                ParamError::custom(format_args!("`{}`: {error}", self.1)).of(self.0)
            })?;
            self.named(visitor.$visit(value))
        }
    )*};
}

impl<'de> serde::Deserializer<'de> for Param<'_> {
    type Error = ParamError;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamError> {
        self.named(visitor.visit_str(self.1))
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamError> {
        self.named(visitor.visit_some(self))
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        self.named(visitor.visit_newtype_struct(self))
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        self.named(visitor.visit_enum(self.1.into_deserializer()))
    }

    parse! {
        deserialize_bool visit_bool bool;
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_i128 visit_i128 i128;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
        deserialize_f32 visit_f32 f32;
        deserialize_f64 visit_f64 f64;
        deserialize_char visit_char char;
    }

    /// In a list of pairs.
    fn deserialize_tuple<V: serde::de::Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        if len != 2 {
            return Err(ParamError::custom(format_args!(
                "a parameter is a name and a value, not {len} values"
            )));
        }
        let pair = [Param(self.0, self.0), Param(self.0, self.1)];
        self.named(visitor.visit_seq(SeqDeserializer::new(pair.into_iter())))
    }

    fn deserialize_tuple_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ParamError> {
        self.deserialize_tuple(len, visitor)
    }

    serde::forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq map struct identifier ignored_any
    }
}

/// The route that matched, as it is written, such as `/orders/{id}`: the right label for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedPath(Arc<str>);

impl MatchedPath {
    /// The route.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for MatchedPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let route = Context::of(parts).and_then(Context::route);
        route.map(|route| Self(route.into())).ok_or_else(|| Failure::internal("INTERNAL", "no route matched"))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for MatchedPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Context::of(parts).and_then(Context::route).map(|route| Self(route.into())))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn parameters_are_read_as_a_value_a_tuple_or_a_struct() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Both {
            shop: String,
            id: u32,
        }
        let both = [("shop", "oslo".to_owned()), ("id", "7".to_owned())];
        assert_eq!(<(String, u32)>::deserialize(Params(&both)).unwrap(), ("oslo".to_owned(), 7));
        assert_eq!(Both::deserialize(Params(&both)).unwrap(), Both { shop: "oslo".to_owned(), id: 7 });
        assert_eq!(u32::deserialize(Params(&both[1..])).unwrap(), 7);
        assert_eq!(String::deserialize(Params(&both[..1])).unwrap(), "oslo");
        #[derive(Debug, PartialEq, Deserialize)]
        struct InOrder(String, u32);
        #[derive(Debug, PartialEq, Deserialize)]
        struct Id(u32);
        #[derive(Debug, PartialEq, Deserialize)]
        struct Pair(String, String);
        #[derive(Debug, PartialEq, Deserialize)]
        struct Some2 {
            shop: Option<String>,
            id: Option<Id>,
        }
        assert_eq!(InOrder::deserialize(Params(&both)).unwrap(), InOrder("oslo".to_owned(), 7));
        assert_eq!(Id::deserialize(Params(&both[1..])).unwrap(), Id(7));
        assert_eq!(Option::<Id>::deserialize(Params(&both[1..])).unwrap(), Some(Id(7)));
        assert_eq!(
            Some2::deserialize(Params(&both)).unwrap(),
            Some2 { shop: Some("oslo".to_owned()), id: Some(Id(7)) }
        );
        assert_eq!(Vec::<String>::deserialize(Params(&both)).unwrap(), ["oslo", "7"]);
        let pairs = [("shop".to_owned(), "oslo".to_owned()), ("id".to_owned(), "7".to_owned())];
        assert_eq!(Vec::<(String, String)>::deserialize(Params(&both)).unwrap(), pairs);
        let numbers = [("a", "1".to_owned()), ("b", "2".to_owned())];
        let named = [("a".to_owned(), 1_u32), ("b".to_owned(), 2)];
        assert_eq!(Vec::<(String, u32)>::deserialize(Params(&numbers)).unwrap(), named);
        assert_eq!(Vec::<(String, Id)>::deserialize(Params(&numbers)).unwrap()[1].1, Id(2));
        assert_eq!(
            Vec::<(char, Option<i8>)>::deserialize(Params(&numbers)).unwrap(),
            [('a', Some(1)), ('b', Some(2))]
        );
        for (name, error) in [
            (Some("shop"), <(u8, u8)>::deserialize(Params(&both)).unwrap_err()),
            (Some("shop"), Vec::<u8>::deserialize(Params(&both)).unwrap_err()),
            (Some("shop"), Vec::<(String, u8)>::deserialize(Params(&both)).unwrap_err()),
            (Some("shop"), std::collections::HashMap::<String, u8>::deserialize(Params(&both)).unwrap_err()),
            (Some("id"), <(String, std::net::IpAddr)>::deserialize(Params(&both)).unwrap_err()),
            (Some("id"), <(String, Option<bool>)>::deserialize(Params(&both)).unwrap_err()),
            (Some("shop"), Id::deserialize(Params(&both[..1])).unwrap_err()),
            (None, u8::deserialize(Params(&both)).unwrap_err()),
        ] {
            assert_eq!(error.name.as_deref(), name, "{error}");
        }
        assert_eq!(
            Vec::<Pair>::deserialize(Params(&both)).unwrap(),
            pairs.clone().map(|(name, value)| Pair(name, value))
        );
        let map = std::collections::HashMap::<String, String>::deserialize(Params(&both)).unwrap();
        assert_eq!(map, pairs.into());
        <()>::deserialize(Params::<&str>(&[])).unwrap();
        assert!(InOrder::deserialize(Params(&both[1..])).is_err());
        assert!(Vec::<(String, String, String)>::deserialize(Params(&both)).is_err());
        let error = <(String,)>::deserialize(Params(&both)).unwrap_err();
        assert_eq!(error.to_string(), "the route has 2 parameters, not 1");
    }
}
