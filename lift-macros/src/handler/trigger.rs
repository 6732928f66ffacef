//! The words at the front of the attribute: a method and a path.

use proc_macro2::Ident;
use quote::quote;
use syn::LitStr;

use super::model::Trigger;
use super::parse::{Front, INVOKE, RawHandler};
use super::route;
use crate::support::errors::{Errors, Fault};
use crate::support::naming::kebab;
use crate::support::nearest::nearest;
use crate::support::rules::Rule;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const ANY: [&str; 3] = ["ANY", "ALL", "METHODS"];

/// True for a method in any letter case, and for the words that stand for all of them.
pub(crate) fn is_method(word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    METHODS.contains(&upper.as_str()) || ANY.contains(&upper.as_str())
}

/// The trigger, or `None` after at least one report.
pub(crate) fn check(raw: &RawHandler, errors: &Errors) -> Option<Trigger> {
    let invoke = raw.keys.get(&INVOKE);
    if raw.keys.mentions(&INVOKE) {
        if let Some(front) = raw.front.first() {
            let at = front.tokens();
            errors.report(
                Fault::new(
                    Rule::TwoTriggers,
                    at,
                    "a handler has one trigger: a method and a path, or `invoke`",
                )
                .help("write a second function, and call the shared code from both"),
            );
        }
        return Some(Trigger::Invoke { name: invoke?.value.clone() });
    }
    let (method, path) = front(raw, errors)?;
    let method = errors.ok(check_method(&method));
    let route = route::check(&path, errors);
    Some(Trigger::Http { method: method?, route: route? })
}

/// Finds the method and the path among what was written.
fn front(raw: &RawHandler, errors: &Errors) -> Option<(Ident, LitStr)> {
    let fault = |rule: Rule, at: &dyn quote::ToTokens, text: &str, help: String| {
        errors.report(Fault::new(rule, at.to_token_stream(), text).help(help));
    };
    match raw.front.as_slice() {
        [] => {
            if raw.keys_are_right {
                errors.report(missing(raw));
            }
            None
        }
        [Front::Word(method), Front::Text(path)] => Some((method.clone(), path.clone())),
        [Front::Word(_)] if !raw.keys_are_right => None,
        [Front::Word(method)] => {
            let help = format!("write `{method}, \"/{}\"`", kebab(&name(raw)));
            fault(Rule::PathMissing, method, "the method is not followed by a path", help);
            None
        }
        [Front::Text(method), Front::Text(path)] if is_method(&method.value()) => {
            let word = method.value().to_ascii_uppercase();
            let help = format!("write `{word}, \"{}\"`", path.value());
            fault(Rule::MethodQuoted, method, "the method is a word without quotes", help);
            route::check(path, errors);
            None
        }
        [Front::Text(path), Front::Word(method)] => {
            let help = format!("write `{method}, \"{}\"`", path.value());
            fault(Rule::MethodMissing, &quote!(#path #method), "the method stands before the path", help);
            None
        }
        [Front::Text(path)] => {
            let text = path.value();
            let (method, rest) = text.split_once(' ').unwrap_or(("GET", &text));
            let (method, rest) = if is_method(method) { (method, rest) } else { ("GET", text.as_str()) };
            let help = format!("write `{}, \"{rest}\"`", method.to_ascii_uppercase());
            fault(Rule::MethodMissing, path, "there is no method before the path", help);
            None
        }
        [Front::Word(method), Front::Computed(path)] => {
            let help = format!("write the path itself: `{method}, \"/{}\"`", kebab(&name(raw)));
            fault(
                Rule::PathComputed,
                path,
                "the path is a string literal: a macro can't see the value of a constant",
                help,
            );
            None
        }
        [Front::Computed(path)] => {
            fault(
                Rule::MethodMissing,
                path,
                "there is no method before the path",
                "write `GET, \"/…\"`".to_owned(),
            );
            None
        }
        [Front::Joined { method, path, all }] => {
            let help = format!("write `{}, \"{}\"`", method.to_string().to_ascii_uppercase(), path.value());
            fault(Rule::MethodJoined, all, "a comma stands between the method and the path", help);
            None
        }
        [Front::Word(_), Front::Word(second), ..] => {
            let help = "write a second function, and call the shared code from both".to_owned();
            fault(Rule::TwoMethods, second, "a handler has one method", help);
            None
        }
        [_, _, third, ..] | [_, third] => {
            let help = "write one method and one path: `GET, \"/orders/{id}\"`".to_owned();
            fault(Rule::TwoTriggers, &third.tokens(), "a handler has one trigger", help);
            None
        }
    }
}

fn missing(raw: &RawHandler) -> Fault {
    let name = kebab(&name(raw));
    Fault::new(Rule::NoTrigger, quote!(), "`#[lift::handler]` does not say what calls the handler").help(
        format!("write `#[lift::handler(GET, \"/{name}\")]` or `#[lift::handler(invoke = \"{name}\")]`"),
    )
}

fn name(raw: &RawHandler) -> String {
    raw.item.function().map_or_else(|| "orders".to_owned(), |function| function.signature.ident.to_string())
}

fn check_method(word: &Ident) -> Result<&'static str, Fault> {
    let written = word.to_string();
    let upper = written.to_ascii_uppercase();
    if let Some(method) = METHODS.into_iter().find(|method| *method == upper) {
        if written == method {
            return Ok(method);
        }
        let text = format!("the method `{written}` is not in capitals");
        return Err(Fault::new(Rule::MethodLowerCase, word, text).help(format!("write `{method}`")));
    }
    if ANY.contains(&upper.as_str()) {
        return Err(Fault::new(Rule::MethodAny, word, "a handler has one method")
            .help("write one handler per method, and call the shared code from each"));
    }
    let fault =
        Fault::new(Rule::MethodUnknown, word, format!("`{written}` is not a method that lift routes"));
    Err(match nearest(&written, METHODS) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => {
            fault.help(format!("the methods are {}", METHODS.map(|method| format!("`{method}`")).join(", ")))
        }
    })
}

impl Front {
    pub(crate) fn tokens(&self) -> proc_macro2::TokenStream {
        match self {
            Self::Word(word) => quote!(#word),
            Self::Text(text) => quote!(#text),
            Self::Joined { all, .. } | Self::Computed(all) => all.clone(),
        }
    }
}
