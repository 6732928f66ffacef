//! What thiserror's `#[error("…")]` shows, as far as it concerns the public.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Field, LitStr, Meta};

use super::placeholders::{self, Piece};

/// Where an `#[error(…)]` shows the text of the error underneath.
#[derive(Debug)]
pub(crate) enum Shows {
    /// `#[error(transparent)]`.
    Everything(TokenStream),
    /// A placeholder or an argument that is the `#[source]` or `#[from]` field.
    Source { at: TokenStream, field: String },
}

/// The display text as it is written.
pub(crate) fn text(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("error"))?;
    let Meta::List(list) = &attribute.meta else { return None };
    let first = list.tokens.clone().into_iter().next()?;
    syn::parse2(first.into()).ok().map(|text: LitStr| text.value())
}

/// The first place where the display text shows a source, if it does.
pub(crate) fn shows_source(attributes: &[Attribute], fields: &[&Field]) -> Option<Shows> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("error"))?;
    let Meta::List(list) = &attribute.meta else { return None };
    let mut tokens = list.tokens.clone().into_iter();
    let first = tokens.next()?;
    if matches!(&first, TokenTree::Ident(word) if word == "transparent") {
        return Some(Shows::Everything(first.to_token_stream()));
    }
    let sources: Vec<String> = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| is_source(field))
        .map(|(at, field)| name(at, field))
        .collect();
    let literal: LitStr = syn::parse2(first.to_token_stream()).ok()?;
    let pieces = placeholders::read(&literal.value()).unwrap_or_default();
    for piece in &pieces {
        let Piece::Placeholder(placeholder) = piece else { continue };
        let mut shown = placeholder.counts();
        shown.push(&placeholder.argument);
        if let Some(field) = sources.iter().find(|source| shown.contains(&source.as_str())) {
            return Some(Shows::Source { at: literal.to_token_stream(), field: field.clone() });
        }
    }
    let (at, field) = argument(tokens.collect(), &sources)?;
    Some(Shows::Source { at, field })
}

/// `#[source]`, `#[from]`, or named `source`: what thiserror returns from `source()`.
fn is_source(field: &Field) -> bool {
    let marked =
        |attribute: &Attribute| attribute.path().is_ident("source") || attribute.path().is_ident("from");
    field.attrs.iter().any(marked) || field.ident.as_ref().is_some_and(|name| name == "source")
}

/// The name in a placeholder: `0`, `source`.
pub(crate) fn name(at: usize, field: &Field) -> String {
    match &field.ident {
        Some(name) => name.to_string().trim_start_matches("r#").to_owned(),
        None => at.to_string(),
    }
}

/// `.0` or `.source` among the arguments behind the text.
fn argument(tokens: TokenStream, sources: &[String]) -> Option<(TokenStream, String)> {
    let mut starts = true;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            // A `.` with nothing before it is thiserror's short way to say `self.`.
            TokenTree::Punct(dot) if dot.as_char() == '.' && starts => {
                let field = tokens.peek().map(ToString::to_string).unwrap_or_default();
                if let Some(source) = sources.iter().find(|source| **source == field) {
                    let at = [token.clone()].into_iter().chain(tokens.next()).collect();
                    return Some((at, source.clone()));
                }
            }
            TokenTree::Group(group) => {
                if let Some(found) = argument(group.stream(), sources) {
                    return Some(found);
                }
            }
            _ => {}
        }
        starts = matches!(&token, TokenTree::Punct(punct) if punct.as_char() != '.');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::{ItemStruct, parse_quote};

    fn shown(item: &ItemStruct) -> Option<String> {
        let fields: Vec<_> = item.fields.iter().collect();
        match shows_source(&item.attrs, &fields)? {
            Shows::Everything(at) => Some(at.to_string()),
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
