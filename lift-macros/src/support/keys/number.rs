//! Whole numbers.

use syn::Lit;

use super::kind::wrong_kind;
use super::{Entry, Kind, Value};
use crate::support::errors::{Errors, Fault};
use crate::support::rules::Rule;

/// `max_size = 8`: a whole number from `least` to `most`.
pub(crate) struct Number {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl Kind for Number {
    type Output = u64;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<u64>, Fault> {
        let Self { least, most } = *self;
        let key = &entry.key;
        let literal = match &entry.value {
            Value::Literal(Lit::Int(literal)) if literal.suffix().is_empty() => literal,
            Value::Literal(Lit::Str(text)) => {
                let fault = wrong_kind(entry, "a whole number");
                let unquoted = text.value();
                return Err(match unquoted.parse::<u64>() {
                    Ok(number) => fault.help(format!("write `{key} = {number}`, without quotes")),
                    Err(_) => fault,
                });
            }
            _ => return Err(wrong_kind(entry, "a whole number")),
        };
        let outside = |limit: u64, word: &str| {
            let text = format!("`{key}` is at {word} {limit}");
            Fault::new(Rule::Number, literal, text).help(format!("write `{key} = {limit}`"))
        };
        if literal.base10_digits().starts_with('-') {
            return Err(outside(least, "least"));
        }
        match literal.base10_parse::<u64>() {
            Ok(number) if number < least => Err(outside(least, "least")),
            Ok(number) if number <= most => Ok(Some(number)),
            _ => Err(outside(most, "most")),
        }
    }
}
