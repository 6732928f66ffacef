//! Cutting an attribute's tokens into entries. No key is known here.

use proc_macro2::{Delimiter, Group, Ident, Literal, Spacing, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use syn::Lit;

use crate::support::errors::{Errors, Fault};
use crate::support::rules::Rule;

/// `key`, `key = value` or `key(…)`.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// `key`, or `key =` with nothing behind it.
    Absent,
    /// `key = "3s"`.
    Literal(Lit),
    /// `key = anything::else`.
    Tokens(TokenStream),
    /// `key(…)`.
    List(Group),
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Absent => {}
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Tokens(value) => tokens.extend(value.clone()),
            Self::List(group) => group.to_tokens(tokens),
        }
    }
}

impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.key.to_tokens(tokens);
        self.value.to_tokens(tokens);
    }
}

/// What stands between two commas.
#[derive(Clone, Debug, Default)]
pub(crate) struct Piece(Vec<TokenTree>);

impl Piece {
    pub(crate) fn tokens(&self) -> &[TokenTree] {
        &self.0
    }
}

impl ToTokens for Piece {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.0);
    }
}

/// The entries of `#[name(…)]`'s inside; what can't be one is reported and left out.
pub(crate) fn parse(tokens: TokenStream, errors: &Errors) -> Vec<Entry> {
    into_entries(split(tokens), errors)
}

/// Every piece as an entry.
pub(crate) fn into_entries(pieces: impl IntoIterator<Item = Piece>, errors: &Errors) -> Vec<Entry> {
    pieces.into_iter().filter_map(|piece| errors.ok(entry(&piece))).collect()
}

/// The pieces between top-level commas; a comma inside `<…>` is part of a type.
pub(crate) fn split(tokens: TokenStream) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut piece = Piece::default();
    let mut angles = 0_usize;
    let mut arrow = false;
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                ',' if angles == 0 => {
                    pieces.push(std::mem::take(&mut piece));
                    continue;
                }
                '<' => angles += 1,
                '>' if !arrow => angles = angles.saturating_sub(1),
                _ => {}
            }
            arrow = matches!(punct.as_char(), '-' | '=');
        } else {
            arrow = false;
        }
        piece.0.push(token);
    }
    // A trailing comma leaves an empty last piece, which is none.
    pieces.extend(Some(piece).filter(|piece| !piece.0.is_empty()));
    pieces
}

fn entry(piece: &Piece) -> Result<Entry, Fault> {
    let malformed = |at: &dyn ToTokens, text: &str| {
        Fault::new(Rule::KeyMalformed, at.to_token_stream(), text)
            .help("write keys as `key`, `key = value` or `key(…)`, with commas between")
    };
    let (key, rest) = match piece.0.as_slice() {
        [TokenTree::Ident(key), rest @ ..] => (key.clone(), rest),
        [TokenTree::Literal(_), next @ TokenTree::Ident(_), ..] => return Err(no_comma(next)),
        _ => return Err(malformed(piece, "this is not a key")),
    };
    let value = match rest {
        [] => Value::Absent,
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
            Value::List(group.clone())
        }
        [TokenTree::Punct(equals)] if equals.as_char() == '=' => Value::Absent,
        [TokenTree::Punct(equals), rest @ ..] if equals.as_char() == '=' => value(rest)?,
        [TokenTree::Group(group), next, ..] if group.delimiter() == Delimiter::Parenthesis => {
            return Err(no_comma(next));
        }
        [next @ (TokenTree::Ident(_) | TokenTree::Literal(_)), ..] => return Err(no_comma(next)),
        [TokenTree::Punct(colon), rest @ ..]
            if colon.as_char() == ':' && colon.spacing() == Spacing::Alone =>
        {
            let value: TokenStream = rest.iter().cloned().collect();
            let fault =
                Fault::new(Rule::KeyMalformed, colon, format!("`{key}` takes its value after `=`, not `:`"));
            return Err(fault.help(format!("write `{key} = {value}`")));
        }
        rest => {
            let rest: TokenStream = rest.iter().cloned().collect();
            return Err(malformed(&rest, &format!("`{key}` is followed by something that is no value")));
        }
    };
    Ok(Entry { key, value })
}

fn value(tokens: &[TokenTree]) -> Result<Value, Fault> {
    match tokens {
        [token] => match literal(token) {
            Some(literal) => Ok(Value::Literal(literal)),
            None => Ok(Value::Tokens(token.to_token_stream())),
        },
        [TokenTree::Punct(minus), TokenTree::Literal(number)] if minus.as_char() == '-' => {
            let negative: TokenStream = tokens.iter().cloned().collect();
            Ok(syn::parse2(negative).map_or_else(|_| Value::Tokens(number.to_token_stream()), Value::Literal))
        }
        // `key = "value" other = 1`: the comma between two entries is what is missing.
        [TokenTree::Literal(_), next @ TokenTree::Ident(_), ..] => Err(no_comma(next)),
        [TokenTree::Literal(_), TokenTree::Punct(end), ..] if end.as_char() == ';' => {
            Err(Fault::new(Rule::KeyMalformed, end, "keys are separated by commas").help("write `,`"))
        }
        tokens => Ok(Value::Tokens(tokens.iter().cloned().collect())),
    }
}

fn literal(token: &TokenTree) -> Option<Lit> {
    match token {
        TokenTree::Literal(literal) => Some(Lit::new(Literal::clone(literal))),
        TokenTree::Ident(ident) if ident == "true" || ident == "false" => {
            syn::parse2(ident.to_token_stream()).ok()
        }
        // A literal that came through another macro's `$value:literal`.
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => syn::parse2(group.stream()).ok(),
        _ => None,
    }
}

fn no_comma(next: &TokenTree) -> Fault {
    Fault::new(Rule::KeyMalformed, next, format!("there is no comma before `{next}`"))
        .help(format!("write `, {next}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn read(tokens: TokenStream) -> Result<Vec<Entry>, Vec<String>> {
        let errors = Errors::new();
        let entries = parse(tokens, &errors);
        errors
            .finish(Some(entries))
            .map_err(|rejected| rejected.faults().iter().map(Fault::message).collect())
    }

    fn show(entry: &Entry) -> String {
        let kind = match entry.value {
            Value::Absent => "absent",
            Value::Literal(_) => "literal",
            Value::Tokens(_) => "tokens",
            Value::List(_) => "list",
        };
        format!("{}:{kind}:{}", entry.key, entry.value.to_token_stream())
    }

    #[test]
    fn entries_of_every_shape() {
        let entries = read(quote! {
            timeout = "3s", critical = false, flag, max = 8, min = -1, pool(max_size = 8, wait = "2s"),
            config = HashMap<String, fn(A) -> Vec<u8>>, initialize = Self::open, crate = "a", missing =,
        });
        let shown: Vec<_> = entries.unwrap().iter().map(show).collect();
        assert_eq!(
            shown,
            [
                "timeout:literal:\"3s\"",
                "critical:literal:false",
                "flag:absent:",
                "max:literal:8",
                "min:literal:- 1",
                "pool:list:(max_size = 8 , wait = \"2s\")",
                "config:tokens:HashMap < String , fn (A) -> Vec < u8 >>",
                "initialize:tokens:Self :: open",
                "crate:literal:\"a\"",
                "missing:absent:",
            ]
        );
    }

    #[test]
    fn nothing_is_no_entry() {
        assert!(read(quote!()).unwrap().is_empty());
    }

    #[test]
    fn faults_do_not_stop_the_rest() {
        let table = [
            (quote!(timeout = "3s" flag), "there is no comma before `flag`"),
            (quote!(flag flag), "there is no comma before `flag`"),
            (quote!(pool(a) flag), "there is no comma before `flag`"),
            (quote!("3s"), "this is not a key"),
            (quote!(a,,b), "this is not a key"),
            (quote!(pool::size = 3), "`pool` is followed by something that is no value"),
            (quote!(size: 3), "`size` takes its value after `=`, not `:`"),
            (quote!(size = 3; b = 4), "keys are separated by commas"),
            (quote!(pool[3]), "`pool` is followed by something that is no value"),
        ];
        for (tokens, expected) in table {
            let twice = read(quote!(#tokens, good, #tokens)).unwrap_err();
            assert_eq!(twice.len(), 2, "{tokens}");
            assert!(twice[0].starts_with(expected), "{twice:?}");
        }
    }
}
