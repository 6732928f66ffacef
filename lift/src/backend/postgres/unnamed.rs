//! Calls without a named statement: text, parameters and their types travel together in one round trip.
//!
//! A proxy that pools transactions may serve each round trip by another server, so nothing may be left behind that the
//! next one needs. The types that a server would have told must then be known here. Most values fit one type only. Those
//! that fit several (text, JSON, points in time) are sent as text of an unknown type, and the server reads them as it
//! reads a literal.

use bytes::{Buf, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, WrongType, to_sql_checked};

use crate::error::BoxError;

/// The types that a value is tried with, the likely ones first.
const TYPES: [Type; 42] = [
    Type::INT8,
    Type::INT4,
    Type::UUID,
    Type::BOOL,
    Type::FLOAT8,
    Type::BYTEA,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMP,
    Type::DATE,
    Type::TIME,
    Type::INT2,
    Type::FLOAT4,
    Type::NUMERIC,
    Type::INET,
    Type::CIDR,
    Type::OID,
    Type::CHAR,
    Type::MACADDR,
    Type::BIT,
    Type::VARBIT,
    Type::POINT,
    Type::BOX,
    Type::PATH,
    Type::PG_LSN,
    Type::JSONPATH,
    Type::INT8_ARRAY,
    Type::INT4_ARRAY,
    Type::UUID_ARRAY,
    Type::BOOL_ARRAY,
    Type::FLOAT8_ARRAY,
    Type::BYTEA_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::TIMESTAMP_ARRAY,
    Type::DATE_ARRAY,
    Type::TIME_ARRAY,
    Type::INT2_ARRAY,
    Type::FLOAT4_ARRAY,
    Type::NUMERIC_ARRAY,
    Type::INET_ARRAY,
    Type::OID_ARRAY,
    Type::CHAR_ARRAY,
    Type::MACADDR_ARRAY,
];

/// Days from the first Julian day to the year 2000, from which PostgreSQL counts.
const JULIAN_2000: i64 = 2_451_545;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// One parameter as it is sent.
#[derive(Debug)]
pub(super) enum Param<'a> {
    /// In its own binary form.
    Typed(&'a (dyn ToSql + Sync), Type),
    /// As a literal, which is `None` for `NULL`.
    Literal(Option<String>),
    /// None of the types fits.
    Unknown,
}

/// The parameters with the types that the server is told.
pub(super) fn typed<'p>(params: &'p [Param<'_>]) -> Vec<(&'p (dyn ToSql + Sync), Type)> {
    params.iter().map(|param| (param as &(dyn ToSql + Sync), param.r#type())).collect()
}

impl<'a> Param<'a> {
    pub(super) fn all(values: &[&'a (dyn ToSql + Sync)]) -> Vec<Self> {
        values.iter().map(|&value| Self::of(value)).collect()
    }

    fn of(value: &'a (dyn ToSql + Sync)) -> Self {
        if let Some(literal) = literal(value) {
            return Self::Literal(literal);
        }
        TYPES
            .into_iter()
            .find(|candidate| accepts(value, candidate))
            .map_or(Self::Unknown, |fits| Self::Typed(value, fits))
    }

    fn r#type(&self) -> Type {
        match self {
            Self::Typed(_, fits) => fits.clone(),
            Self::Literal(_) | Self::Unknown => Type::UNKNOWN,
        }
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        match self {
            Self::Typed(value, fits) => value.to_sql_checked(fits, out),
            Self::Literal(Some(text)) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            Self::Literal(None) => Ok(IsNull::Yes),
            Self::Unknown => Err("its type is not built into PostgreSQL, and without prepared statements \
                (`statement_cache = 0`) nothing tells it; pass text and cast it: `$1::text::my_type`"
                .into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self {
            Self::Typed(value, fits) => value.encode_format(fits),
            Self::Literal(_) | Self::Unknown => Format::Text,
        }
    }

    to_sql_checked!();
}

fn encoded(value: &(dyn ToSql + Sync), fits: &Type) -> Option<Result<Option<BytesMut>, BoxError>> {
    let mut out = BytesMut::new();
    match value.to_sql_checked(fits, &mut out) {
        Ok(IsNull::No) => Some(Ok(Some(out))),
        Ok(IsNull::Yes) => Some(Ok(None)),
        Err(error) if error.is::<WrongType>() => None,
        Err(error) => Some(Err(error)),
    }
}

/// Whether the value can be of this type; what is wrong with the value itself comes out when it is sent.
fn accepts(value: &(dyn ToSql + Sync), fits: &Type) -> bool {
    encoded(value, fits).is_some()
}

/// The literal of a value that fits several types, or of an array of such values.
fn literal(value: &(dyn ToSql + Sync)) -> Option<Option<String>> {
    type Text = fn(&[u8]) -> Option<String>;
    let several: [(Type, Type, Type, Type, Text); 3] = [
        (Type::UNKNOWN, Type::TEXT, Type::TEXT_ARRAY, Type::VARCHAR_ARRAY, text),
        (Type::JSON, Type::JSONB, Type::JSON_ARRAY, Type::JSONB_ARRAY, text),
        (Type::TIMESTAMP, Type::TIMESTAMPTZ, Type::TIMESTAMP_ARRAY, Type::TIMESTAMPTZ_ARRAY, moment),
    ];
    for (one, other, array, other_array, text) in several {
        // Without data, `NULL` is the only answer that needs none.
        if accepts(value, &other)
            && let Some(Ok(data)) = encoded(value, &one)
        {
            return data.map_or(Some(None), |data| text(&data).map(Some));
        }
        if accepts(value, &other_array)
            && let Some(Ok(data)) = encoded(value, &array)
        {
            return data.map_or(Some(None), |data| array_text(&data, text).map(Some));
        }
    }
    None
}

fn text(data: &[u8]) -> Option<String> {
    std::str::from_utf8(data).ok().map(str::to_owned)
}

/// Microseconds since 2000, as a Julian day and the time of that day in UTC, which both kinds of timestamps read alike.
fn moment(data: &[u8]) -> Option<String> {
    let micros = i64::from_be_bytes(data.try_into().ok()?);
    let (day, time) = (micros.div_euclid(MICROS_PER_DAY) + JULIAN_2000, micros.rem_euclid(MICROS_PER_DAY));
    let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
    Some(format!("J{day} {:02}:{:02}:{:02}.{micros:06}+00", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

/// `{"a",NULL}` of an array's binary form: dimensions, then each item with its length.
fn array_text(mut data: &[u8], text: fn(&[u8]) -> Option<String>) -> Option<String> {
    let dimensions = data.try_get_i32().ok()?;
    // Whether there are nulls, and the type of the items.
    data.try_get_i64().ok()?;
    if dimensions == 0 {
        return Some("{}".to_owned());
    }
    // Rust's vectors have one dimension; its lower bound is not needed.
    let count = data.try_get_i32().ok().filter(|_| dimensions == 1)?;
    data.try_get_i32().ok()?;
    let mut items = Vec::new();
    for _ in 0..count {
        let Ok(length) = usize::try_from(data.try_get_i32().ok()?) else {
            items.push("NULL".to_owned());
            continue;
        };
        let (item, rest) = data.split_at_checked(length)?;
        data = rest;
        items.push(format!("\"{}\"", text(item)?.replace('\\', "\\\\").replace('"', "\\\"")));
    }
    Some(format!("{{{}}}", items.join(",")))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn sent(value: &(dyn ToSql + Sync)) -> String {
        match Param::of(value) {
            Param::Typed(_, fits) => fits.name().to_owned(),
            Param::Literal(text) => text.unwrap_or_else(|| "null".to_owned()),
            Param::Unknown => "?".to_owned(),
        }
    }

    #[test]
    fn a_value_of_one_type_says_it_and_one_of_several_is_a_literal() {
        let epoch = SystemTime::UNIX_EPOCH;
        for (value, expected) in [
            (&1_i64 as &(dyn ToSql + Sync), "int8"),
            (&1_i32, "int4"),
            (&1_i16, "int2"),
            (&1_u32, "oid"),
            (&true, "bool"),
            (&1.5_f64, "float8"),
            (&uuid::Uuid::nil(), "uuid"),
            (&vec![1_u8], "bytea"),
            (&None::<i64>, "int8"),
            (&vec![1_i64], "_int8"),
            (&"it's", "it's"),
            (&None::<&str>, "null"),
            (&String::from("é"), "é"),
            (&serde_json::json!({"a": 1}), r#"{"a":1}"#),
            (&vec!["a", "b\"\\,", ""], r#"{"a","b\"\\,",""}"#),
            (&vec![Some("NULL"), None], r#"{"NULL",NULL}"#),
            (&Vec::<String>::new(), "{}"),
            (&epoch, "J2440588 00:00:00.000000+00"),
            (&(epoch - Duration::from_micros(1)), "J2440587 23:59:59.999999+00"),
            (&(epoch + Duration::from_millis(86_400_000 + 3_723_004)), "J2440589 01:02:03.004000+00"),
        ] {
            assert_eq!(sent(value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_value_of_a_type_of_ones_own_is_refused_with_what_to_write() {
        #[derive(Debug)]
        struct Mood;
        impl ToSql for Mood {
            fn to_sql(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, BoxError> {
                Ok(IsNull::No)
            }
            fn accepts(fits: &Type) -> bool {
                fits.name() == "mood"
            }
            to_sql_checked!();
        }
        assert_eq!(sent(&Mood), "?");
        let error = Param::of(&Mood).to_sql(&Type::UNKNOWN, &mut BytesMut::new()).err().unwrap();
        assert!(error.to_string().ends_with("cast it: `$1::text::my_type`"), "{error}");
    }
}
