//! The text in `public = "…"`, against the fields of its variant.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::Ident;
use syn::{Fields, LitStr, Member};

use super::display;
use super::expand::local;
use super::model::{Format, Text};
use super::parse::RawDecision;
use super::placeholders::{self, Piece, Placeholder, Unbalanced};
use crate::support::errors::Errors;
use crate::support::literal;
use crate::support::nearest::nearest;
use crate::support::rules::Rule;

/// The text with its placeholders bound to fields, or `None` after at least one report.
pub(crate) fn check(text: &LitStr, raw: &RawDecision, errors: &Errors) -> Option<Text> {
    let pieces = match placeholders::read(&text.value()) {
        Ok(pieces) => pieces,
        Err(Unbalanced(range)) => {
            let fault = literal::fault(Rule::PublicBrace, text, range, "a brace in `public` has no partner");
            errors.report(fault.help("write `{{` or `}}` for a brace, `{name}` for a field"));
            return None;
        }
    };
    let fields: Vec<_> = raw.fields.iter().collect();
    let source = display::source(raw.display.as_ref(), &fields).map(|source| source.member);
    let mut names = Names { fields: &raw.fields, source, bound: BTreeMap::new() };
    let mut plain = String::new();
    let mut format = String::new();
    let mut is_right = true;
    for piece in &pieces {
        match piece {
            Piece::Text(piece) => {
                plain.push_str(piece);
                format.push_str(&piece.replace('{', "{{").replace('}', "}}"));
            }
            Piece::Placeholder(placeholder) => match names.bind(placeholder) {
                Ok(bound) => format.push_str(&bound),
                Err(Wrong { rule: Rule::PublicField, .. }) if raw.has_arguments => is_right = false,
                Err(Wrong { rule, text: wrong, help }) => {
                    let fault = literal::fault(rule, text, placeholder.range.clone(), wrong);
                    errors.report(fault.help(help));
                    is_right = false;
                }
            },
        }
    }
    if !is_right {
        return None;
    }
    Some(if names.bound.is_empty() {
        Text::Plain(LitStr::new(&plain, text.span()))
    } else {
        Text::Format(Format {
            literal: LitStr::new(&format, text.span()),
            fields: names.bound.into_values().collect(),
        })
    })
}

/// What is wrong with a placeholder, and what to write.
struct Wrong {
    rule: Rule,
    text: String,
    help: String,
}

impl Wrong {
    fn field(text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { rule: Rule::PublicField, text: text.into(), help: help.into() }
    }
}

struct Names<'a> {
    fields: &'a Fields,
    /// The field that no client may read.
    source: Option<String>,
    /// By the name in the text: the field, and the local name that stands for it.
    bound: BTreeMap<String, (Member, Ident)>,
}

impl Names<'_> {
    /// The placeholder with local names, or what is wrong and what to write.
    fn bind(&mut self, placeholder: &Placeholder) -> Result<String, Wrong> {
        let Placeholder { argument, specification, .. } = placeholder;
        if argument.is_empty() {
            let example = self.public_names().next().unwrap_or_else(|| "field".to_owned());
            return Err(Wrong::field("`{}` names no field", format!("write `{{{example}}}`")));
        }
        if specification.contains(".*") {
            let text = "`.*` takes a second argument, which `public` has not";
            return Err(Wrong::field(text, "write the number: `{amount:.2}`"));
        }
        let local = self.local(argument)?;
        let mut bound = specification.clone();
        let mut counts = placeholder.counts();
        counts.sort_unstable();
        counts.dedup();
        for count in counts {
            let local = self.local(count)?;
            bound = replace_count(&bound, count, &local);
        }
        Ok(format!("{{{local}{bound}}}"))
    }

    fn local(&mut self, name: &str) -> Result<String, Wrong> {
        let names = self.names();
        let Some(index) = names.iter().position(|known| known == name) else {
            return Err(self.unknown(name));
        };
        if self.source.as_deref() == Some(name) {
            let text = format!("`public` would show the text of the source, `{{{name}}}`, to every client");
            let help = "leave it out, and write what a client may read".to_owned();
            return Err(Wrong { rule: Rule::PublicSource, text, help });
        }
        let local = local(name);
        let member = match self.fields.iter().nth(index).and_then(|field| field.ident.clone()) {
            Some(ident) => Member::Named(ident),
            None => Member::from(index),
        };
        let text = local.to_string();
        self.bound.entry(name.to_owned()).or_insert((member, local));
        Ok(text)
    }

    fn names(&self) -> Vec<String> {
        self.fields.iter().enumerate().map(|(at, field)| display::name(at, field)).collect()
    }

    /// The fields that a client may read.
    fn public_names(&self) -> impl Iterator<Item = String> {
        self.names().into_iter().filter(|name| self.source.as_ref() != Some(name))
    }

    fn unknown(&self, name: &str) -> Wrong {
        let names: Vec<_> = self.public_names().collect();
        let text = format!("there is no field `{name}`");
        let help = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("write `{{{near}}}`"),
            None if names.is_empty() => "leave the placeholder out: there are no fields".to_owned(),
            None => {
                let names: Vec<_> = names.iter().map(|name| format!("`{{{name}}}`")).collect();
                format!("the fields are {}", names.join(", "))
            }
        };
        Wrong::field(text, help)
    }
}

/// `width$` to `local$`, but not in `other_width$`.
fn replace_count(specification: &str, count: &str, local: &str) -> String {
    let mut replaced = String::new();
    let mut rest = specification;
    while let Some((before, after)) = rest.split_once('$') {
        let start =
            before.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_').map_or(0, |at| at + 1);
        let (head, name): (&str, &str) = split(before, start..before.len());
        replaced.push_str(head);
        replaced.push_str(if name == count { local } else { name });
        replaced.push('$');
        rest = after;
    }
    replaced + rest
}

fn split(text: &str, tail: Range<usize>) -> (&str, &str) {
    (text.get(..tail.start).unwrap_or_default(), text.get(tail).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;
    use proc_macro2::Span;
    use quote::ToTokens;
    use syn::{ItemStruct, parse_quote};

    fn show(text: &str, item: &ItemStruct) -> Result<String, Vec<String>> {
        let errors = Errors::new();
        let raw = parse(item.to_token_stream(), &errors).unwrap();
        let checked = check(&LitStr::new(text, Span::call_site()), &raw.decisions[0], &errors);
        let checked = errors.finish(checked).map_err(|rejected| {
            rejected
                .faults()
                .iter()
                .map(|fault| fault.message().lines().last().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        })?;
        Ok(match checked {
            Text::Plain(text) => text.value(),
            Text::Format(Format { literal, fields }) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(member, local)| format!("{}={local}", member.to_token_stream()))
                    .collect();
                format!("{} {}", literal.value(), fields.join(" "))
            }
            Text::Nothing | Text::Display => String::new(),
        })
    }

    #[test]
    fn placeholders_become_bindings() {
        let tuple: ItemStruct = parse_quote!(
            struct E(u8, u8);
        );
        let named: ItemStruct = parse_quote!(
            struct E {
                who: u8,
                r#type: u8,
                width: usize,
            }
        );
        let table = [
            (&tuple, "plain {{x}}", "plain {x}"),
            (&tuple, "a {1} {1:?} {0:02}", "a {__lift_1} {__lift_1:?} {__lift_0:02} 0=__lift_0 1=__lift_1"),
            (&tuple, "{{{0}}}", "{{{__lift_0}}} 0=__lift_0"),
            (&named, "{type}", "{__lift_type} r#type=__lift_type"),
            (&named, "{who:>width$}", "{__lift_who:>__lift_width$} who=__lift_who width=__lift_width"),
        ];
        for (item, text, expected) in table {
            assert_eq!(show(text, item).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_field() {
        let tuple: ItemStruct = parse_quote!(
            struct E(u8);
        );
        let named: ItemStruct = parse_quote!(
            struct E {
                order: u8,
            }
        );
        let unit: ItemStruct = parse_quote!(
            struct E;
        );
        let table = [
            (&tuple, "{1}", "help: the fields are `{0}`"),
            (&named, "{oder}", "help: write `{order}`"),
            (&named, "{}", "help: write `{order}`"),
            (&named, "{order:width$}", "help: the fields are `{order}`"),
            (&named, "{order:.*}", "help: write the number: `{amount:.2}`"),
            (&unit, "{a}", "help: leave the placeholder out: there are no fields"),
            (&unit, "{a", "help: write `{{` or `}}` for a brace, `{name}` for a field"),
        ];
        for (item, text, expected) in table {
            assert_eq!(show(text, item).unwrap_err(), [expected], "{text}");
        }
    }
}
