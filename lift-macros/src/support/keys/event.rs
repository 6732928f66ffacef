//! What tells events apart: texts, route keys, matchers.

use proc_macro2::TokenTree;
use syn::Lit;

use super::kind::wrong_kind;
use super::{Entry, Kind, Shape, Value, split};
use crate::support::errors::{Errors, Fault};
use crate::support::literal::text;
use crate::support::nearest::nearest;
use crate::support::rules::Rule;

/// `source = "shop.orders"`: any text but none.
pub(crate) struct Text;

impl Kind for Text {
    type Output = String;

    fn read(&self, entry: &Entry, _: &Errors) -> Result<Option<String>, Fault> {
        let Value::Literal(Lit::Str(literal)) = &entry.value else {
            return Err(wrong_kind(entry, "a text in quotes"));
        };
        match literal.value() {
            text if text.is_empty() => {
                Err(Fault::new(Rule::Name, literal, format!("`{}` is empty", entry.key)))
            }
            text => Ok(Some(text)),
        }
    }
}

const ROUTE_KEYS: [&str; 3] = ["$connect", "$disconnect", "$default"];

/// `ws = "$connect"`: one of API Gateway's three, or one of the API's own.
pub(crate) struct RouteKey;

impl Kind for RouteKey {
    type Output = String;

    fn read(&self, entry: &Entry, errors: &Errors) -> Result<Option<String>, Fault> {
        let Some(key) = Text.read(entry, errors)? else { return Ok(None) };
        let bare = key.strip_prefix('$').unwrap_or(&key);
        let meant = ROUTE_KEYS.into_iter().find(|known| known.strip_prefix('$') == Some(bare));
        let fault = |text: String| Fault::new(Rule::RouteKey, &entry.value, text);
        match meant {
            Some(known) if known == key => Ok(Some(key)),
            Some(known) => Err(fault(format!("API Gateway's own route key is `{known}`"))
                .help(format!("write `ws = \"{known}\"`"))),
            None if key.starts_with('$') => {
                let fault = fault(format!("API Gateway has no route key `{key}`"));
                Err(match nearest(&key, ROUTE_KEYS) {
                    Some(near) => fault.help(format!("write `ws = \"{near}\"`")),
                    None => fault,
                })
            }
            None => Ok(Some(key)),
        }
    }
}

/// `"/kind"`, or `"/kind" = "logs"`: a place in an event, and the text that stands there.
pub(crate) struct Match {
    pub(crate) pointer: String,
    pub(crate) value: Option<String>,
}

/// `matches("/awslogs/data", "/kind" = "logs")`.
pub(crate) struct Matches;

impl Kind for Matches {
    type Output = Vec<Match>;

    fn shape(&self) -> Shape {
        Shape::List
    }

    fn read(&self, entry: &Entry, errors: &Errors) -> Result<Option<Vec<Match>>, Fault> {
        let Value::List(group) = &entry.value else { return Ok(None) };
        let before = errors.count();
        let pieces = split(group.stream());
        if pieces.is_empty() {
            return Err(Fault::new(Rule::Matcher, entry, "`matches` names no place in the event"));
        }
        let matches = pieces.iter().filter_map(|piece| errors.ok(one(piece.tokens(), entry))).collect();
        Ok((errors.count() == before).then_some(matches))
    }
}

fn one(tokens: &[TokenTree], entry: &Entry) -> Result<Match, Fault> {
    let (pointer, value) = match tokens {
        [pointer] => (text(pointer), None),
        [pointer, TokenTree::Punct(equals), value] if equals.as_char() == '=' => match text(value) {
            Some(value) => (text(pointer), Some(value.value())),
            None => (None, None),
        },
        _ => (None, None),
    };
    let Some(literal) = pointer else {
        let all: proc_macro2::TokenStream = tokens.iter().cloned().collect();
        let at = if all.is_empty() { quote::quote!(#entry) } else { all };
        let text = "`matches` takes places in quotes, each with or without the text that stands there";
        return Err(Fault::new(Rule::Matcher, at, text).help("write `matches(\"/kind\" = \"logs\")`"));
    };
    let pointer = literal.value();
    if pointer.len() < 2 || !pointer.starts_with('/') {
        let name = pointer.trim_start_matches(['/', '$', '.']).replace('.', "/");
        let fault = Fault::new(
            Rule::Matcher,
            &literal,
            format!("`{pointer}` is not a JSON Pointer: it begins with `/`"),
        );
        return Err(match name.as_str() {
            "" => fault.help("write `matches(\"/kind\")`"),
            name => fault.help(format!("write `\"/{name}\"`")),
        });
    }
    Ok(Match { pointer, value })
}
