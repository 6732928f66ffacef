//! Whether an expression behind a display text uses the source.
//!
//! thiserror puts such an expression into a function of `&self` where every field is bound to a local name. So there are four
//! ways to a field: through `self`, by its binding (`source`, `_0`), by the shorthand `.source` or `.0`, and by a name in the
//! format string of a macro. Whatever else an expression says, it says it without the field.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::LitStr;
use syn::ext::IdentExt;

use super::display::{Shows, named_in};

/// The field that is the source.
#[derive(Debug)]
pub(crate) struct Source {
    /// `0`, `source`.
    pub(crate) member: String,
    /// The local name that thiserror gives it: `_0`, `source`.
    pub(crate) binding: String,
    /// All members of the type or the variant.
    pub(crate) fields: Vec<String>,
}

/// The words behind which an expression begins.
const BEFORE_EXPRESSIONS: [&str; 9] =
    ["break", "continue", "else", "if", "in", "match", "mut", "return", "while"];

impl Source {
    /// The first use in the display text and its arguments.
    pub(super) fn used_in(&self, text: &LitStr, arguments: TokenStream) -> Option<Shows> {
        let inside: Vec<_> = arguments.clone().into_iter().collect();
        self.captured(text, &[&self.member, &self.binding], &inside).or_else(|| self.find(arguments, false))
    }

    fn find(&self, tokens: TokenStream, in_macro: bool) -> Option<Shows> {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let [token, after @ ..] = rest {
            let before = tokens.get(..tokens.len() - rest.len()).unwrap_or_default();
            let found = match token {
                TokenTree::Group(group) => {
                    let is_invisible = group.delimiter() == Delimiter::None;
                    let in_macro =
                        in_macro || (!is_invisible && matches!(before, [.., bang] if is(bang, '!')));
                    self.find(group.stream(), in_macro)
                }
                TokenTree::Literal(_) if in_macro => syn::parse2(token.to_token_stream())
                    .ok()
                    .and_then(|text| self.captured(&text, &[&self.binding], &tokens)),
                TokenTree::Punct(_) if is(token, '.') && begins(before) => after
                    .first()
                    .filter(|member| name(member) == self.member)
                    .map(|member| self.shown(&[token, member])),
                TokenTree::Ident(word) if word == "self" => self.through_self(token, after),
                TokenTree::Ident(word) if word.unraw() == self.binding && is_value(before, after) => {
                    Some(self.shown(&[token]))
                }
                _ => None,
            };
            if found.is_some() {
                return found;
            }
            rest = after;
        }
        None
    }

    /// `self` and what follows: one other field of it is fine; all of it holds the source.
    fn through_self(&self, token: &TokenTree, after: &[TokenTree]) -> Option<Shows> {
        match after {
            // A path.
            [first, second, ..] if is(first, ':') && is(second, ':') => None,
            [dot, member, next @ ..]
                if is(dot, '.') && self.fields.contains(&name(member)) && !is_called(next) =>
            {
                (name(member) == self.member).then(|| self.shown(&[token, dot, member]))
            }
            _ => Some(Shows::Whole(token.to_token_stream())),
        }
    }

    /// What a format string shows by a name that none of its arguments has.
    fn captured(&self, text: &LitStr, source: &[&String], arguments: &[TokenTree]) -> Option<Shows> {
        let arguments: Vec<_> = argument_names(arguments).collect();
        let at = text.to_token_stream();
        let mut names = named_in(&text.value()).into_iter().filter(|name| !arguments.contains(name));
        names.find_map(|name| match name.as_str() {
            "self" => Some(Shows::Whole(at.clone())),
            _ if source.contains(&&name) => {
                Some(Shows::Source { at: at.clone(), field: self.member.clone() })
            }
            _ => None,
        })
    }

    fn shown(&self, at: &[&TokenTree]) -> Shows {
        Shows::Source { at: at.iter().map(|token| (*token).clone()).collect(), field: self.member.clone() }
    }
}

fn is(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter)
}

/// A member: `source`, `0`, and `0` of the number in `self.0.1`.
fn name(token: &TokenTree) -> String {
    match token {
        TokenTree::Ident(word) => word.unraw().to_string(),
        token => token.to_string().split('.').next().unwrap_or_default().to_owned(),
    }
}

/// Whether an expression can begin behind these tokens, so that a `.` is thiserror's short way to say `self.`.
fn begins(before: &[TokenTree]) -> bool {
    match before {
        [] => true,
        [.., TokenTree::Punct(punct)] => !matches!(punct.as_char(), '.' | '?'),
        [.., TokenTree::Ident(word)] => BEFORE_EXPRESSIONS.iter().any(|known| word == known),
        [.., TokenTree::Group(_) | TokenTree::Literal(_)] => false,
    }
}

/// Whether a method is called: `name(…)`, `name::<T>(…)`.
fn is_called(next: &[TokenTree]) -> bool {
    match next {
        [TokenTree::Group(group), ..] => group.delimiter() == Delimiter::Parenthesis,
        [first, second, ..] => is(first, ':') && is(second, ':'),
        _ => false,
    }
}

/// Whether a word is a value: no member, no part of a path, no name of a field or of an argument.
fn is_value(before: &[TokenTree], after: &[TokenTree]) -> bool {
    let is_member = match before {
        [.., first, second] if is(first, '.') && is(second, '.') => false,
        [.., dot] => is(dot, '.') || is(dot, ':') && matches!(before, [.., first, _] if is(first, ':')),
        [] => false,
    };
    !is_member && !matches!(after, [colon, ..] if is(colon, ':')) && !is_argument_name(before, after)
}

/// Whether the word between these is the name of an argument: `name = value`.
fn is_argument_name(before: &[TokenTree], after: &[TokenTree]) -> bool {
    let is_first =
        matches!(before, [] | [.., TokenTree::Punct(_)]) && before.last().is_none_or(|comma| is(comma, ','));
    match after {
        [first, second, ..] => is_first && is(first, '=') && !is(second, '='),
        _ => false,
    }
}

/// The names of arguments at this level.
fn argument_names(tokens: &[TokenTree]) -> impl Iterator<Item = String> {
    tokens.iter().enumerate().filter_map(|(at, token)| {
        let (before, after) = (tokens.get(..at)?, tokens.get(at + 1..)?);
        match token {
            TokenTree::Ident(word) if is_argument_name(before, after) => Some(Ident::unraw(word).to_string()),
            _ => None,
        }
    })
}
