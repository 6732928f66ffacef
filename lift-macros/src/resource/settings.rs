//! `settings(url = "orders.db", port = 5432)`: free keys, literal values.

use std::collections::BTreeSet;

use syn::Lit;

use crate::support::errors::{Errors, Fault};
use crate::support::keys::{Entry, Kind, Shape, Value, parse};
use crate::support::rules::Rule;

pub(crate) struct Settings;

/// A setting's name and its value as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Kind for Settings {
    type Output = Vec<Setting>;

    fn shape(&self) -> Shape {
        Shape::List
    }

    fn read(&self, entry: &Entry, errors: &Errors) -> Result<Option<Vec<Setting>>, Fault> {
        let Value::List(group) = &entry.value else { return Ok(None) };
        let mut seen = BTreeSet::new();
        let mut settings = Vec::new();
        for entry in parse(group.stream(), errors) {
            let name = entry.key.to_string();
            if !seen.insert(name.clone()) {
                let text = format!("the setting `{name}` is written twice");
                errors.report(Fault::new(Rule::KeyDuplicate, &entry, text).help("keep one of the two"));
                continue;
            }
            settings.extend(errors.ok(setting(name, &entry)));
        }
        Ok(Some(settings))
    }
}

fn setting(name: String, entry: &Entry) -> Result<Setting, Fault> {
    let value = match &entry.value {
        Value::Literal(Lit::Str(text)) => text.value(),
        Value::Literal(Lit::Int(number)) if number.suffix().is_empty() => number.base10_digits().to_owned(),
        Value::Literal(Lit::Bool(value)) => value.value.to_string(),
        value => {
            let text = format!("the setting `{name}` is a text, a whole number, `true` or `false`");
            let fault = match value {
                Value::Absent => Fault::new(Rule::Setting, entry, text),
                value => Fault::new(Rule::Setting, value, text),
            };
            return Err(fault.help(format!(
                "write `{name} = \"…\"`; what is only known later comes from the environment"
            )));
        }
    };
    Ok(Setting { name, value })
}
