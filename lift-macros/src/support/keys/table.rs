//! The tables of known keys, and the only code that judges entries against one.

use std::any::Any;

use quote::{ToTokens, quote};
use syn::Lit;

use super::values::Given;
use super::{Entry, Kind, Shape, Value, Values};
use crate::support::errors::{Errors, Fault};
use crate::support::nearest::nearest;
use crate::support::rules::Rule;

/// The keys of one attribute, or of one list inside it.
pub(crate) struct Table {
    /// Where the keys stand, as a message says it.
    pub(crate) place: &'static str,
    pub(crate) keys: &'static [&'static dyn AnyKey],
    pub(crate) neighbours: &'static [Neighbour],
    pub(crate) conflicts: &'static [Conflict],
}

/// One key: its name, how it is written, and what its value must be.
pub(crate) struct Key<K> {
    pub(crate) example: &'static str,
    pub(crate) kind: K,
}

/// A name that people bring from elsewhere or from another place in lift.
pub(crate) struct Neighbour {
    pub(crate) name: &'static str,
    /// What to do; `{}` stands for the whole number that was written, or 250.
    pub(crate) answer: &'static str,
}

/// Two keys that exclude each other.
pub(crate) struct Conflict {
    pub(crate) one: &'static str,
    pub(crate) other: &'static str,
    pub(crate) because: &'static str,
    pub(crate) help: &'static str,
}

/// A [`Key`] of whatever kind.
pub(crate) trait AnyKey: Sync {
    fn name(&self) -> &'static str;
    #[cfg(test)]
    fn example(&self) -> &'static str;
    #[cfg(test)]
    fn shape(&self) -> Shape;
    #[cfg(test)]
    fn nested(&self) -> Option<&'static Table>;
    fn read(&self, entry: &Entry, errors: &Errors) -> Option<Box<dyn Any>>;
}

impl<K> Key<K> {
    /// The key's name: the first word of its example.
    pub(crate) fn name(&self) -> &'static str {
        self.example.split([' ', '(']).next().unwrap_or(self.example)
    }
}

impl<K: Kind> AnyKey for Key<K> {
    fn name(&self) -> &'static str {
        Self::name(self)
    }

    #[cfg(test)]
    fn example(&self) -> &'static str {
        self.example
    }

    #[cfg(test)]
    fn shape(&self) -> Shape {
        self.kind.shape()
    }

    #[cfg(test)]
    fn nested(&self) -> Option<&'static Table> {
        self.kind.nested()
    }

    fn read(&self, entry: &Entry, errors: &Errors) -> Option<Box<dyn Any>> {
        if let Some(fault) = misshapen(self.name(), self.example, self.kind.shape(), entry) {
            errors.report(fault);
            return None;
        }
        match self.kind.read(entry, errors) {
            Ok(value) => value.map(|value| Box::new(value) as Box<dyn Any>),
            Err(fault) => {
                errors.report(if fault.has_help() {
                    fault
                } else {
                    fault.help(format!("write `{}`", self.example))
                });
                None
            }
        }
    }
}

impl Table {
    /// Reports every fault of the entries, and returns what is right.
    pub(crate) fn read(&self, entries: &[Entry], errors: &Errors) -> Values {
        let mut values = Values::default();
        for entry in entries {
            let Some(key) = self.keys.iter().find(|key| entry.key == key.name()) else {
                errors.report(self.unknown(entry));
                continue;
            };
            if values.given(key.name()).is_some() {
                let text = format!("`{}` is written twice", entry.key);
                errors.report(Fault::new(Rule::KeyDuplicate, entry, text).help("keep one of the two"));
                continue;
            }
            let value = key.read(entry, errors);
            values.push(Given { name: key.name(), entry: entry.clone(), value });
        }
        for conflict in self.conflicts {
            if let Some(later) = values.later(conflict.one, conflict.other) {
                errors.report(conflict.fault(&later.entry));
            }
        }
        values
    }

    fn unknown(&self, entry: &Entry) -> Fault {
        let Entry { key, value } = entry;
        let fault = |at: &dyn ToTokens| {
            let text = format!("unknown key `{key}` in {}", self.place);
            Fault::new(Rule::KeyUnknown, at.to_token_stream(), text)
        };
        if let Some(neighbour) = self.neighbours.iter().find(|neighbour| key == neighbour.name) {
            return fault(&entry).help(neighbour.answer(value));
        }
        let names = self.keys.iter().map(|key| key.name());
        match nearest(&key.to_string(), names.clone()) {
            Some(near) => fault(key).help(format!("did you mean `{near}`?")),
            None => {
                let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
                fault(key).help(format!("the keys are {}", names.join(", ")))
            }
        }
    }
}

impl Neighbour {
    fn answer(&self, value: &Value) -> String {
        let number = match value {
            Value::Literal(Lit::Int(number)) => number.base10_digits().to_owned(),
            _ => "250".to_owned(),
        };
        self.answer.replace("{}", &number)
    }
}

impl Conflict {
    fn fault(&self, at: &Entry) -> Fault {
        let text = format!("`{}` and `{}` exclude each other: {}", self.one, self.other, self.because);
        Fault::new(Rule::KeyConflict, at, text).help(self.help)
    }
}

/// The faults that do not depend on the key's kind.
fn misshapen(name: &str, example: &str, shape: Shape, entry: &Entry) -> Option<Fault> {
    let Entry { key, value } = entry;
    let (rule, at, text) = match (shape, value) {
        (Shape::Value | Shape::List, Value::Absent) => {
            (Rule::KeyMissingValue, quote!(#key), format!("`{name}` has no value"))
        }
        (Shape::Flag, Value::Literal(_) | Value::Tokens(_) | Value::List(_)) => {
            (Rule::KeyUnwantedValue, quote!(#entry), format!("`{name}` takes no value"))
        }
        (Shape::List, Value::Literal(_) | Value::Tokens(_)) => {
            (Rule::KeyWrongKind, quote!(#entry), format!("`{name}` takes a list in parentheses"))
        }
        (Shape::Value | Shape::FlagOrValue, Value::List(_)) => {
            (Rule::KeyWrongKind, quote!(#entry), format!("`{name}` takes its value after `=`"))
        }
        _ => return None,
    };
    let help = match value {
        Value::Literal(Lit::Bool(no)) if shape == Shape::Flag && !no.value => format!("leave `{name}` out"),
        _ => format!("write `{example}`"),
    };
    Some(Fault::new(rule, at, text).help(help))
}
