//! What the value of a key may be.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{ExprPath, Lit, LitStr, Path, Type};

use super::{Entry, Table, Value, Values, parse};
use crate::support::duration::{self, Problem};
use crate::support::errors::{Errors, Fault};
use crate::support::naming::{is_kebab, kebab};
use crate::support::nearest::nearest;
use crate::support::rules::Rule;

/// Which of `key`, `key = value` and `key(…)` a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Flag,
    Value,
    FlagOrValue,
    List,
}

/// A sort of value.
pub(crate) trait Kind: Sync {
    type Output: 'static;

    fn shape(&self) -> Shape {
        Shape::Value
    }

    /// The keys inside a list.
    #[cfg(test)]
    fn nested(&self) -> Option<&'static Table> {
        None
    }

    /// The checked value of an entry of the right shape, `None` when a fault was reported, or the fault. A fault without
    /// help is given the key's example.
    fn read(&self, entry: &Entry, errors: &Errors) -> Result<Option<Self::Output>, Fault>;
}

/// `cancel_on_disconnect`.
pub(crate) struct Flag;

impl Kind for Flag {
    type Output = ();

    fn shape(&self) -> Shape {
        Shape::Flag
    }

    fn read(&self, _: &Entry, _: &Errors) -> Result<Option<()>, Fault> {
        Ok(Some(()))
    }
}

/// `critical = false`.
pub(crate) struct Bool;

impl Kind for Bool {
    type Output = bool;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<bool>, Fault> {
        match &entry.value {
            Value::Literal(Lit::Bool(value)) => Ok(Some(value.value)),
            value => {
                let fault = wrong_kind(entry, "`true` or `false`");
                Err(match text(value).as_deref() {
                    Some(word @ ("true" | "false")) => fault.help(format!("write `{} = {word}`", entry.key)),
                    _ => fault,
                })
            }
        }
    }
}

/// `timeout = "3s"`, in milliseconds.
pub(crate) struct Duration {
    pub(crate) zero: bool,
    pub(crate) most: u64,
}

impl Duration {
    /// More than nothing, and at most what Lambda gives an invocation.
    pub(crate) const INVOCATION: Self = Self { zero: false, most: 15 * 60_000 };

    /// More than nothing, and at most a day.
    pub(crate) const DAY: Self = Self { zero: false, most: 24 * 60 * 60_000 };

    /// A duration in the text of `literal`, for `key`.
    pub(crate) fn check(&self, entry: &Entry, literal: &LitStr) -> Result<u64, Fault> {
        let key = &entry.key;
        let value = literal.value();
        let fault = |text: String| Fault::new(Rule::Duration, literal, text);
        let write = |fault: Fault, meant: Option<String>| match meant {
            Some(meant) => fault.help(format!("write `{key} = \"{meant}\"`")),
            None => fault,
        };
        match duration::parse(&value) {
            Ok(0) if !self.zero => Err(fault(format!("`{key}` must be longer than nothing"))),
            Ok(millis) if millis > self.most => {
                let most = duration::format(self.most);
                Err(fault(format!("`{key} = \"{value}\"` is longer than `{most}`, the most"))
                    .help(format!("write at most `{key} = \"{most}\"`")))
            }
            Ok(millis) => Ok(millis),
            Err(Problem::NoUnit) => Err(fault(format!("`{key} = \"{value}\"` has no unit"))
                .help(format!("write `{key} = \"{value}ms\"`, `\"{value}s\"` or `\"{value}m\"`"))),
            Err(Problem::Unit { unit, meant }) => Err(write(
                fault(format!("`{unit}` is no unit of time here; there are `ms`, `s`, `m` and `h`")),
                meant,
            )),
            Err(Problem::NotANumber { meant }) => Err(write(
                fault(format!("`{key}` takes a whole number and a unit, `ms`, `s`, `m` or `h`")),
                meant,
            )),
            Err(Problem::Overflow) => {
                Err(fault(format!("`{key} = \"{value}\"` is longer than any clock runs")))
            }
        }
    }
}

impl Kind for Duration {
    type Output = u64;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<u64>, Fault> {
        match &entry.value {
            Value::Literal(Lit::Str(literal)) => self.check(entry, literal).map(Some),
            Value::Literal(Lit::Int(number)) => {
                let (key, number) = (&entry.key, number.to_string());
                let written = if duration::parse(&number).is_ok() { number } else { format!("{number}s") };
                Err(wrong_kind(entry, "a time in quotes").help(format!("write `{key} = \"{written}\"`")))
            }
            _ => Err(wrong_kind(entry, "a time in quotes")),
        }
    }
}

/// `warm = "lazy"`: one of a few words, as the index of the word.
pub(crate) struct Choice(pub(crate) &'static [&'static str]);

impl Kind for Choice {
    type Output = usize;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<usize>, Fault> {
        let key = &entry.key;
        let words: Vec<_> = self.0.iter().map(|word| format!("`\"{word}\"`")).collect();
        let words = words.join(", ");
        let Some(written) = text(&entry.value) else {
            return Err(wrong_kind(entry, &format!("one of {words}")));
        };
        if let (Value::Literal(_), Some(index)) =
            (&entry.value, self.0.iter().position(|word| *word == written))
        {
            return Ok(Some(index));
        }
        let fault = Fault::new(Rule::Choice, &entry.value, format!("`{key}` is one of {words}"));
        Err(match nearest(&written, self.0.iter().copied()) {
            Some(near) => fault.help(format!("write `{key} = \"{near}\"`")),
            None => fault,
        })
    }
}

/// `kind = "readiness"`: one of a few words, or a name in kebab-case that the program has given.
pub(crate) struct ChoiceOrName {
    pub(crate) words: Choice,
    /// What else there is, for the message.
    pub(crate) other: &'static str,
    /// Names that mean one of the words.
    pub(crate) meant: &'static [(&'static str, &'static str)],
}

/// What was written for [`ChoiceOrName`].
pub(crate) enum Chosen {
    /// The index of the word.
    Word(usize),
    Name(String),
}

impl Kind for ChoiceOrName {
    type Output = Chosen;

    fn read(&self, entry: &Entry, errors: &Errors) -> Result<Option<Chosen>, Fault> {
        let (key, other) = (&entry.key, self.other);
        let words: Vec<_> = self.words.0.iter().map(|word| format!("`\"{word}\"`")).collect();
        let wrong = format!("`{key}` is one of {}, or {other}", words.join(", "));
        let Value::Literal(Lit::Str(literal)) = &entry.value else {
            let written = text(&entry.value);
            let fault = wrong_kind(entry, &format!("one of {}, or {other}", words.join(", ")));
            return Err(match written {
                Some(word) => fault.help(format!("write `{key} = \"{word}\"`")),
                None => fault,
            });
        };
        let name = literal.value();
        if let Some(index) = self.words.0.iter().position(|word| *word == name) {
            return Ok(Some(Chosen::Word(index)));
        }
        let meant = self.meant.iter().find(|(slip, _)| *slip == name).map(|(_, word)| *word);
        match meant.or_else(|| nearest(&name, self.words.0.iter().copied())) {
            Some(near) => {
                Err(Fault::new(Rule::Choice, literal, wrong).help(format!("write `{key} = \"{near}\"`")))
            }
            None => Ok(Name.read(entry, errors)?.map(Chosen::Name)),
        }
    }
}

/// `name = "orders-db"`: a name in kebab-case.
pub(crate) struct Name;

impl Kind for Name {
    type Output = String;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<String>, Fault> {
        let Value::Literal(Lit::Str(literal)) = &entry.value else {
            return Err(wrong_kind(entry, "a name in quotes"));
        };
        let (key, name) = (&entry.key, literal.value());
        if is_kebab(&name) {
            return Ok(Some(name));
        }
        if name.is_empty() {
            return Err(Fault::new(Rule::Name, literal, format!("`{key}` is empty")));
        }
        let text =
            format!("the name `{name}` is not in kebab-case: lower-case letters, digits and single `-`");
        let fault = Fault::new(Rule::Name, literal, text);
        let better = kebab(&name);
        Err(if is_kebab(&better) { fault.help(format!("write `{key} = \"{better}\"`")) } else { fault })
    }
}

/// `crate = "path"`: where the runtime crate is.
pub(crate) struct CratePath;

impl Kind for CratePath {
    type Output = Path;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<Path>, Fault> {
        let wrong = wrong_kind(entry, "a path in quotes");
        match &entry.value {
            Value::Literal(Lit::Str(literal)) => {
                let path = literal.parse_with(Path::parse_mod_style).map_err(|_| wrong);
                path.map(Some)
            }
            value @ Value::Tokens(_) => {
                let path: String = value.to_token_stream().to_string().split_whitespace().collect();
                Err(wrong.help(format!("write `crate = \"{path}\"`")))
            }
            _ => Err(wrong),
        }
    }
}

/// `initialize = open`: a path to a function.
pub(crate) struct FunctionPath;

impl Kind for FunctionPath {
    type Output = ExprPath;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<ExprPath>, Fault> {
        path(entry, "the path of a function")
    }
}

/// `config = DbConfig`: a type.
pub(crate) struct TypePath;

impl Kind for TypePath {
    type Output = Type;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<Type>, Fault> {
        path(entry, "a type")
    }
}

/// `pool(…)`: a table inside a table.
pub(crate) struct Nested(pub(crate) &'static Table);

impl Kind for Nested {
    type Output = Values;

    fn shape(&self) -> Shape {
        Shape::List
    }

    #[cfg(test)]
    fn nested(&self) -> Option<&'static Table> {
        Some(self.0)
    }

    fn read(&self, entry: &Entry, errors: &Errors) -> Result<Option<Values>, Fault> {
        let Value::List(group) = &entry.value else { return Ok(None) };
        let entries = parse(group.stream(), errors);
        Ok(Some(self.0.read(&entries, errors)))
    }
}

/// "`key` takes {what}".
pub(super) fn wrong_kind(entry: &Entry, what: &str) -> Fault {
    Fault::new(Rule::KeyWrongKind, &entry.value, format!("`{}` takes {what}", entry.key))
}

/// Quoted paths are taken apart for the help: everybody's macros differ in this.
fn path<T: syn::parse::Parse>(entry: &Entry, what: &str) -> Result<Option<T>, Fault> {
    let wrong = wrong_kind(entry, what);
    match &entry.value {
        Value::Tokens(tokens) => syn::parse2(TokenStream::clone(tokens)).map(Some).map_err(|_| wrong),
        Value::Literal(Lit::Str(literal)) if literal.parse::<Path>().is_ok() => {
            Err(wrong.help(format!("write `{} = {}`, without quotes", entry.key, literal.value())))
        }
        _ => Err(wrong),
    }
}

/// The word behind `=`, quoted or not.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Literal(Lit::Str(literal)) => Some(literal.value()),
        Value::Literal(Lit::Bool(word)) => Some(word.value.to_string()),
        Value::Tokens(tokens) => syn::parse2::<syn::Ident>(tokens.clone()).ok().map(|word| word.to_string()),
        _ => None,
    }
}
