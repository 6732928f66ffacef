//! Arguments behind `public = "…"`, as `format!` has them: they are no keys.

use proc_macro2::TokenTree;
use quote::{ToTokens, quote};
use syn::LitStr;

use super::display::named_in;
use crate::support::errors::Fault;
use crate::support::keys::{Piece, Table};
use crate::support::rules::Rule;

/// Takes what stands behind `public` and is no key, and says what to write instead.
pub(super) fn take(pieces: &mut Vec<Piece>, table: &Table) -> Option<Fault> {
    let at = pieces.iter().position(|piece| word(piece).is_some_and(|word| word == "public"))?;
    let names = match pieces.get(at)?.tokens() {
        [_, _, text] => {
            syn::parse2::<LitStr>(text.to_token_stream()).ok().map(|text| named_in(&text.value()))?
        }
        _ => return None,
    };
    let behind = pieces.iter().skip(at + 1);
    let count = behind.take_while(|piece| is_argument(piece, &names, table)).count();
    let taken: Vec<_> = pieces.drain(at + 1..at + 1 + count).collect();
    if taken.is_empty() {
        return None;
    }
    let text = "`public` takes no arguments: its placeholders are the names of fields";
    let fault = Fault::new(Rule::PublicField, quote!(#(#taken),*), text);
    Some(fault.help("write `{id}` in the text for the field `id`, and nothing behind it"))
}

fn is_argument(piece: &Piece, names: &[String], table: &Table) -> bool {
    let Some(word) = word(piece) else { return true };
    let is_key = table.keys.iter().any(|key| word == key.name())
        || table.neighbours.iter().any(|neighbour| word == neighbour.name);
    let is_placed = names.iter().any(String::is_empty);
    let is_named = names.contains(&word);
    match piece.tokens() {
        [_] => !is_key && is_placed,
        [_, TokenTree::Punct(sign), ..] if sign.as_char() == '=' => !is_key && is_named,
        _ => word == "self" || (!is_key && is_placed),
    }
}

/// The word that a piece begins with.
fn word(piece: &Piece) -> Option<String> {
    match piece.tokens().first()? {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}
