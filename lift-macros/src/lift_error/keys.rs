//! The keys of `#[lift(…)]` on an error.

use proc_macro2::TokenTree;
use syn::{Ident, Lit, LitStr};

use super::status::Status;
use crate::support::errors::{Errors, Fault};
use crate::support::keys::{
    Choice, Conflict, CratePath, Duration, Entry, Flag, Key, Kind, Neighbour, Shape, Table, Value, split,
};
use crate::support::naming::{is_screaming, screaming};
use crate::support::rules::Rule;

pub(crate) static STATUS: Key<Status> = Key { example: "status = 404", kind: Status };
pub(crate) static CODE: Key<Code> = Key { example: "code = \"ORDER_NOT_FOUND\"", kind: Code };
pub(crate) static RETRY: Key<RetryKind> = Key { example: "retry = \"2s\"", kind: RetryKind };
pub(crate) static PUBLIC: Key<Text> = Key { example: "public = \"the order does not exist\"", kind: Text };
pub(crate) static DETAILS: Key<Fields> = Key { example: "details(item, quantity)", kind: Fields };
pub(crate) static LOG: Key<Choice> = Key { example: "log = \"warn\"", kind: Choice(&LEVELS) };
pub(crate) static TRANSPARENT: Key<Flag> = Key { example: "transparent", kind: Flag };
pub(crate) static INTERNAL: Key<Flag> = Key { example: "internal", kind: Flag };
pub(crate) static CRATE: Key<CratePath> = Key { example: "crate = \"::lift\"", kind: CratePath };

/// The levels of a log line, from loudest to quietest.
pub(crate) const LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];

const NEIGHBOURS: &[Neighbour] = &[
    Neighbour { name: "status_code", answer: "write `status = 404`" },
    Neighbour { name: "http_status", answer: "write `status = 404`" },
    Neighbour { name: "error_code", answer: "write `code = \"…\"`" },
    Neighbour { name: "error_type", answer: "write `code = \"…\"`" },
    Neighbour { name: "message", answer: "write `public = \"…\"`" },
    Neighbour { name: "text", answer: "write `public = \"…\"`" },
    Neighbour { name: "detail", answer: "write `public = \"…\"`" },
    Neighbour { name: "title", answer: "write `public = \"…\"`" },
    Neighbour { name: "fields", answer: "write `details(field)`" },
    Neighbour { name: "extensions", answer: "write `details(field)`" },
    Neighbour { name: "level", answer: "write `log = \"warn\"`" },
    Neighbour { name: "severity", answer: "write `log = \"warn\"`" },
    Neighbour { name: "retryable", answer: "write `retry`" },
    Neighbour { name: "retry_after", answer: "write `retry = \"{}s\"`" },
    Neighbour { name: "retry_ms", answer: "write `retry = \"{}ms\"`" },
    Neighbour { name: "permanent", answer: "write `retry = \"never\"`" },
    Neighbour { name: "private", answer: "write `internal`" },
    Neighbour { name: "hidden", answer: "write `internal`" },
    Neighbour { name: "opaque", answer: "write `internal`" },
    Neighbour { name: "forward", answer: "write `transparent`" },
    Neighbour { name: "crate", answer: "write `#[lift(crate = \"…\")]` on the enum" },
];

const DECIDED_INSIDE: &str = "the inner error decides";
const OPAQUE: &str = "`internal` is a 500 of which a client sees nothing but the code";

const fn transparent(other: &'static str) -> Conflict {
    Conflict { one: "transparent", other, because: DECIDED_INSIDE, help: "keep one of the two" }
}

const fn internal(other: &'static str) -> Conflict {
    Conflict { one: "internal", other, because: OPAQUE, help: "keep one of the two" }
}

const CONFLICTS: &[Conflict] = &[
    transparent("status"),
    transparent("code"),
    transparent("retry"),
    transparent("public"),
    transparent("details"),
    transparent("log"),
    transparent("internal"),
    internal("status"),
    internal("retry"),
    internal("public"),
    internal("details"),
];

pub(crate) static VARIANT_TABLE: Table = Table {
    place: "`#[lift(…)]`",
    keys: &[&STATUS, &CODE, &RETRY, &PUBLIC, &DETAILS, &LOG, &TRANSPARENT, &INTERNAL],
    neighbours: NEIGHBOURS,
    conflicts: CONFLICTS,
};

pub(crate) static STRUCT_TABLE: Table = Table {
    place: "`#[lift(…)]`",
    keys: &[&STATUS, &CODE, &RETRY, &PUBLIC, &DETAILS, &LOG, &TRANSPARENT, &INTERNAL, &CRATE],
    neighbours: NEIGHBOURS,
    conflicts: CONFLICTS,
};

const ON_VARIANTS: &str = "write it on each variant: no status is right for all of them";

const fn on_variants(name: &'static str) -> Neighbour {
    Neighbour { name, answer: ON_VARIANTS }
}

pub(crate) static ENUM_TABLE: Table = Table {
    place: "`#[lift(…)]` on an enum",
    keys: &[&CRATE],
    neighbours: &[
        on_variants("status"),
        on_variants("code"),
        on_variants("retry"),
        on_variants("public"),
        on_variants("details"),
        on_variants("log"),
        on_variants("transparent"),
        on_variants("internal"),
    ],
    conflicts: &[],
};

/// `code = "ORDER_NOT_FOUND"`.
pub(crate) struct Code;

impl Kind for Code {
    type Output = String;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<String>, Fault> {
        let Value::Literal(Lit::Str(literal)) = &entry.value else {
            return Err(Fault::new(Rule::KeyWrongKind, &entry.value, "`code` takes a name in quotes"));
        };
        let code = literal.value();
        if is_screaming(&code) {
            return Ok(Some(code));
        }
        let text = format!("the code `{code}` is not made of capitals, digits and single `_`");
        let fault = Fault::new(Rule::Code, literal, text);
        let better = screaming(&code);
        Err(if is_screaming(&better) { fault.help(format!("write `code = \"{better}\"`")) } else { fault })
    }
}

/// `retry`, `retry = "never"`, `retry = "now"`, `retry = "2s"`.
pub(crate) struct RetryKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Never,
    Now,
    After(u64),
}

impl Kind for RetryKind {
    type Output = Retry;

    fn shape(&self) -> Shape {
        Shape::FlagOrValue
    }

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<Retry>, Fault> {
        let wrong = |help: &str| {
            let text = "`retry` takes a time in quotes, `\"now\"` or `\"never\"`";
            Fault::new(Rule::KeyWrongKind, &entry.value, text).help(help)
        };
        match &entry.value {
            Value::Absent => Ok(Some(Retry::Now)),
            Value::Literal(Lit::Str(literal)) => match literal.value().as_str() {
                "now" => Ok(Some(Retry::Now)),
                "never" => Ok(Some(Retry::Never)),
                word if word.chars().all(char::is_alphabetic) => {
                    Err(wrong("write `retry`, `retry = \"never\"` or `retry = \"2s\"`"))
                }
                _ => Duration::DAY.check(entry, literal).map(|millis| Some(Retry::After(millis))),
            },
            Value::Literal(Lit::Bool(yes)) if yes.value => Err(wrong("write `retry`")),
            Value::Literal(Lit::Bool(_)) => Err(wrong("write `retry = \"never\"`")),
            Value::Literal(Lit::Int(number)) => {
                Err(wrong(&format!("write `retry = \"{}s\"`", number.base10_digits())))
            }
            _ => Err(wrong("write `retry`, `retry = \"never\"` or `retry = \"2s\"`")),
        }
    }
}

/// `details(item, quantity)`: names of fields, which are known where the variant is.
pub(crate) struct Fields;

impl Kind for Fields {
    type Output = Vec<Ident>;

    fn shape(&self) -> Shape {
        Shape::List
    }

    fn read(&self, entry: &Entry, errors: &Errors) -> Result<Option<Vec<Ident>>, Fault> {
        let Value::List(group) = &entry.value else { return Ok(None) };
        let mut names: Vec<Ident> = Vec::new();
        for piece in split(group.stream()) {
            match piece.tokens() {
                [TokenTree::Ident(name)] if names.contains(name) => {
                    let text = format!("the field `{name}` is written twice");
                    errors.report(Fault::new(Rule::KeyDuplicate, name, text).help("keep one of the two"));
                }
                [TokenTree::Ident(name)] => names.push(name.clone()),
                _ => {
                    let text = "`details` takes the names of fields";
                    errors.report(Fault::new(Rule::DetailsField, &piece, text).help("write `details(item)`"));
                    return Ok(None);
                }
            }
        }
        if names.is_empty() {
            let fault = Fault::new(Rule::DetailsField, entry, "`details` names no field");
            return Err(fault.help("write `details(item)`, or leave it out"));
        }
        Ok(Some(names))
    }
}

/// `public = "order {0} does not exist"`; its placeholders are judged where the fields are known.
pub(crate) struct Text;

impl Kind for Text {
    type Output = LitStr;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<LitStr>, Fault> {
        match &entry.value {
            Value::Literal(Lit::Str(literal)) if literal.value().trim().is_empty() => {
                Err(Fault::new(Rule::PublicEmpty, literal, "`public` is empty"))
            }
            Value::Literal(Lit::Str(literal)) => Ok(Some(literal.clone())),
            value => Err(Fault::new(Rule::KeyWrongKind, value, "`public` takes a text in quotes")),
        }
    }
}
