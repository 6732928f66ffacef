//! What thiserror's `#[error("…")]` shows, as far as it concerns the public.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Field, LitStr, Meta};

use super::placeholders::{self, Piece};
use super::uses::Source;

/// Where an `#[error(…)]` shows the text of the error underneath.
#[derive(Debug)]
pub(crate) enum Shows {
    /// `#[error(transparent)]`.
    Everything(TokenStream),
    /// The field that is the source: its placeholder, or an expression with it.
    Source { at: TokenStream, field: String },
    /// The value as a whole, its source included: `self`, or `fmt = path`, which takes every field.
    Whole(TokenStream),
}

/// What stands in `#[error(…)]`.
fn inside(attribute: Option<&Attribute>) -> Option<(TokenTree, TokenStream)> {
    let Meta::List(list) = &attribute?.meta else { return None };
    let mut tokens = list.tokens.clone().into_iter();
    Some((tokens.next()?, tokens.collect()))
}

/// The display text as it is written.
pub(crate) fn text(attribute: Option<&Attribute>) -> Option<String> {
    let (first, _) = inside(attribute)?;
    syn::parse2(first.into()).ok().map(|text: LitStr| text.value())
}

/// The first place where the display text shows a source, if it does.
pub(crate) fn shows_source(attribute: Option<&Attribute>, fields: &[&Field]) -> Option<Shows> {
    let (first, rest) = inside(attribute)?;
    if is_word(&first, "transparent") {
        return Some(Shows::Everything(first.to_token_stream()));
    }
    let source = source(attribute, fields)?;
    if is_word(&first, "fmt") {
        return Some(Shows::Whole(rest.into_iter().skip(1).collect()));
    }
    let literal: LitStr = syn::parse2(first.to_token_stream()).ok()?;
    source.used_in(&literal, rest)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// What thiserror returns from `source()`: the field that is marked, else the one that is named so; and the field of a
/// transparent error, which stands for all of it.
pub(crate) fn source(attribute: Option<&Attribute>, fields: &[&Field]) -> Option<Source> {
    let transparent = inside(attribute).is_some_and(|(first, _)| is_word(&first, "transparent"));
    let marked = fields.iter().position(|field| transparent || is_marked(field));
    let is_named = |field: &&Field| field.ident.as_ref().is_some_and(|name| name == "source");
    let at = marked.or_else(|| fields.iter().position(is_named))?;
    let names: Vec<_> = fields.iter().enumerate().map(|(at, field)| name(at, field)).collect();
    let member = names.get(at)?.clone();
    let is_named = fields.get(at).is_some_and(|field| field.ident.is_some());
    let binding = if is_named { member.clone() } else { format!("_{member}") };
    Some(Source { member, binding, fields: names })
}

/// `#[source]` or `#[from]`.
fn is_marked(field: &Field) -> bool {
    field.attrs.iter().any(|attribute| {
        let path = attribute.path();
        (path.is_ident("source") || path.is_ident("from")) && matches!(attribute.meta, Meta::Path(_))
    })
}

/// The name in a placeholder: `0`, `source`.
pub(crate) fn name(at: usize, field: &Field) -> String {
    match &field.ident {
        Some(name) => name.to_string().trim_start_matches("r#").to_owned(),
        None => at.to_string(),
    }
}

/// The names that the placeholders of a format string have, widths and precisions included.
pub(super) fn named_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for piece in placeholders::read(text).unwrap_or_default() {
        if let Piece::Placeholder(placeholder) = piece {
            names.extend(placeholder.counts().into_iter().map(str::to_owned));
            names.push(placeholder.argument);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::{ItemStruct, parse_quote};

    fn shown(item: &ItemStruct) -> Option<String> {
        let fields: Vec<_> = item.fields.iter().collect();
        match shows_source(item.attrs.first(), &fields)? {
            Shows::Everything(at) | Shows::Whole(at) => Some(at.to_string()),
            Shows::Source { field, .. } => Some(field),
        }
    }

    #[test]
    fn sources_in_the_text() {
        let table: [(ItemStruct, Option<&str>); 12] = [
            (
                parse_quote!(
                    #[error("plain")]
                    struct E(#[from] A);
                ),
                None,
            ),
            (
                parse_quote!(
                    #[error("a {0}")]
                    struct E(#[from] A);
                ),
                Some("0"),
            ),
            (
                parse_quote!(
                    #[error("a {0:?}")]
                    struct E(#[source] A);
                ),
                Some("0"),
            ),
            (
                parse_quote!(
                    #[error("a {0}")]
                    struct E(A, #[source] B);
                ),
                None,
            ),
            (
                parse_quote!(
                    #[error("a {1}")]
                    struct E(A, #[source] B);
                ),
                Some("1"),
            ),
            (
                parse_quote!(
                    #[error("a {source}")]
                    struct E {
                        source: A,
                    }
                ),
                Some("source"),
            ),
            (
                parse_quote!(
                    #[error("a {id}")]
                    struct E {
                        id: u8,
                        source: A,
                    }
                ),
                None,
            ),
            (
                parse_quote!(
                    #[error("a {}", .0)]
                    struct E(#[from] A);
                ),
                Some("0"),
            ),
            (
                parse_quote!(
                    #[error("a {}", f(.source.kind()))]
                    struct E {
                        source: A,
                    }
                ),
                Some("source"),
            ),
            (
                parse_quote!(
                    #[error("a {}", x.source)]
                    struct E {
                        source: A,
                    }
                ),
                None,
            ),
            (
                parse_quote!(
                    #[error(transparent)]
                    struct E(#[from] A);
                ),
                Some("transparent"),
            ),
            (
                parse_quote!(
                    struct E(#[from] A);
                ),
                None,
            ),
        ];
        for (item, expected) in table {
            assert_eq!(shown(&item).as_deref(), expected, "{}", item.to_token_stream());
        }
    }
}
