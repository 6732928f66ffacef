//! Where generated tokens point to.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The spans of the first and the last token, so that a pair of brackets around them covers all.
pub(crate) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.into_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| first_of(&token));
    let last = tokens.last().map_or(first, |token| last_of(&token));
    (first, last)
}

/// The same tokens, all pointing to `span`.
pub(crate) fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => {
                let mut moved = Group::new(group.delimiter(), respan(group.stream(), span));
                moved.set_span(span);
                TokenTree::Group(moved)
            }
            mut token => {
                token.set_span(span);
                token
            }
        })
        .collect()
}

/// The same name at the same place, as a part of what is generated: lints for what a user has written leave it alone.
pub(crate) fn generated(name: &Ident) -> Ident {
    let mut name = name.clone();
    name.set_span(name.span().resolved_at(Span::call_site()));
    name
}

/// True if the word occurs, at any depth.
pub(crate) fn contains_word(tokens: impl ToTokens, word: &str) -> bool {
    tokens.into_token_stream().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => contains_word(group.stream(), word),
        _ => false,
    })
}

fn first_of(token: &TokenTree) -> Span {
    match token {
        TokenTree::Group(group) => group.span_open(),
        token => token.span(),
    }
}

fn last_of(token: &TokenTree) -> Span {
    match token {
        TokenTree::Group(group) => group.span_close(),
        token => token.span(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn words_are_found_at_any_depth() {
        assert!(contains_word(quote!(Json<impl A>), "impl"));
        assert!(contains_word(quote!((A, [impl B; 2])), "impl"));
        assert!(!contains_word(quote!(Json<implementation>), "impl"));
    }

    #[test]
    fn respanning_keeps_the_tokens() {
        let tokens = quote!(::lift::{a, b[1]} <'static>);
        assert_eq!(respan(tokens.clone(), Span::mixed_site()).to_string(), tokens.to_string());
    }
}
