//! Finding a string literal, and pointing into it.

use std::ops::Range;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::LitStr;

use super::errors::Fault;
use super::rules::Rule;

/// A string literal, also one that came through another macro's `$value:literal`.
pub(crate) fn text(token: &TokenTree) -> Option<LitStr> {
    match token {
        TokenTree::Literal(_) => syn::parse2(token.clone().into()).ok(),
        TokenTree::Group(group) => syn::parse2(group.stream()).ok(),
        _ => None,
    }
}

/// A fault at `range` (bytes of the value) inside a literal.
///
/// Stable Rust has no span there, so the place is drawn under a copy of the text. A compiler that has one gets the span.
pub(crate) fn fault(rule: Rule, literal: &LitStr, range: Range<usize>, text: impl Into<String>) -> Fault {
    match subspan(literal, &range) {
        Some(span) => Fault::new(rule, marker(span), text),
        None => Fault::new(rule, literal, text).drawing(draw(&literal.value(), &range)),
    }
}

fn subspan(literal: &LitStr, range: &Range<usize>) -> Option<Span> {
    let token = literal.token();
    // With an escape or a raw prefix the bytes of the value are not those of the source.
    let plain = token.to_string() == format!("\"{}\"", literal.value());
    if plain { token.subspan(range.start + 1..range.end + 1) } else { None }
}

fn marker(span: Span) -> TokenStream {
    quote_spanned!(span=> here).into_token_stream()
}

/// The text and a row of carets under the range; nothing where a terminal's columns can't be foreseen.
fn draw(value: &str, range: &Range<usize>) -> Option<String> {
    let drawable =
        !value.is_empty() && value.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ');
    if !drawable {
        return None;
    }
    let start = range.start.min(value.len());
    let width = range.end.saturating_sub(start).max(1);
    Some(format!("    {value}\n    {}{}", " ".repeat(start), "^".repeat(width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_range() {
        assert_eq!(draw("/a/{id", &(3..6)).unwrap(), "    /a/{id\n       ^^^");
        assert_eq!(draw("/a", &(2..2)).unwrap(), "    /a\n      ^");
        assert_eq!(draw("", &(0..0)), None);
        assert_eq!(draw("/ä", &(1..3)), None);
        assert_eq!(draw("a\tb", &(1..2)), None);
    }
}
