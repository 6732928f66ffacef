//! DynamoDB numbers. They have up to 38 digits, and the target type decides how many are kept.

use std::fmt;

use serde::de::Visitor;
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::attribute::{Read, wrong};

/// A number as DynamoDB writes it: a decimal, with or without an exponent.
#[derive(Clone, Copy)]
pub(super) struct Number<'a>(pub(super) &'a str);

impl Number<'_> {
    /// Its value where that is whole and small enough.
    fn whole(self) -> Option<Whole> {
        let Decimal { negative, digits, exponent } = Decimal::of(self.0)?;
        let zeros = 10_u128.checked_pow(u32::try_from(exponent).ok()?)?;
        let magnitude = digits.parse::<u128>().ok()?.checked_mul(zeros)?;
        Some(Whole { negative, magnitude })
    }

    fn float(self) -> Read<f64> {
        let value = self.0.parse::<f64>().ok().filter(|value| value.is_finite());
        value.filter(|_| Decimal::of(self.0).is_some()).ok_or_else(wrong)
    }

    /// As an integer of at most 64 bits; what is none is for the visitor to refuse.
    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.whole().map(|whole| (whole.negative, u64::try_from(whole.magnitude))) {
            Some((false, Ok(value))) => visitor.visit_u64(value),
            Some((true, Ok(value))) => match 0_i64.checked_sub_unsigned(value) {
                Some(value) => visitor.visit_i64(value),
                None => visitor.visit_f64(self.float()?),
            },
            _ => visitor.visit_f64(self.float()?),
        }
    }

    /// As an integer of 128 bits.
    fn large<'de, V: Visitor<'de>>(self, visitor: V, signed: bool) -> Read<V::Value> {
        let Some(Whole { negative, magnitude }) = self.whole() else {
            return visitor.visit_f64(self.float()?);
        };
        let value =
            if negative { 0_i128.checked_sub_unsigned(magnitude) } else { i128::try_from(magnitude).ok() };
        match value {
            Some(value) if signed || negative => visitor.visit_i128(value),
            _ if !negative => visitor.visit_u128(magnitude),
            _ => visitor.visit_f64(self.float()?),
        }
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            self.integer(visitor)
        }
    )*};
}

impl<'de> serde::Deserializer<'de> for Number<'de> {
    type Error = Error;

    /// For a type that takes whatever comes, such as [`Value`]: a number if that keeps every digit, else text.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if let Ok(value) = self.0.parse() {
            return visitor.visit_u64(value);
        }
        if let Ok(value) = self.0.parse() {
            return visitor.visit_i64(value);
        }
        let value = self.float()?;
        let kept = Decimal::of(&format!("{value:e}")) == Decimal::of(self.0);
        if kept { visitor.visit_f64(value) } else { visitor.visit_borrowed_str(self.0) }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.large(visitor, true)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.large(visitor, false)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.float()?;
        // Once from all digits: by way of 64 bits it would be rounded twice.
        visitor.visit_f32(self.0.parse().map_err(|_| wrong())?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_f64(self.float()?)
    }

    forward_to_deserialize_any! {
        bool char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
        identifier ignored_any
    }
}

/// A whole number.
struct Whole {
    negative: bool,
    magnitude: u128,
}

/// A number as its digits without zeros at either end, and their power of ten: `-1.50` is `-15` and `-1`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// `None` when it is no number.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().ok()?;
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(mantissa) => (true, mantissa),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
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
            "" => Self { negative: false, digits: "0".to_owned(), exponent: 0 },
            kept => Self { negative, digits: kept.to_owned(), exponent },
        })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        write!(f, "{sign}{}e{}", self.digits, self.exponent)
    }
}
