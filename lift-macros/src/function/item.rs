//! The item under the attribute, before any rule is applied.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Signature, Visibility};

/// A function; its body stays as it is, so that a half-written one still comes out again.
#[derive(Clone)]
pub(crate) struct RawFunction {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

/// Whatever the attribute was written on.
pub(crate) enum Item {
    Function(Box<RawFunction>),
    Other { keyword: TokenStream, tokens: TokenStream },
}

impl Item {
    pub(crate) fn parse(tokens: TokenStream) -> Self {
        match syn::parse2(tokens.clone()) {
            Ok(function) => Self::Function(Box::new(function)),
            Err(_) => Self::Other { keyword: keyword(&tokens), tokens },
        }
    }

    pub(crate) fn function(&self) -> Option<&RawFunction> {
        match self {
            Self::Function(function) => Some(function),
            Self::Other { .. } => None,
        }
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Function(function) => function.to_tokens(tokens),
            Self::Other { tokens: item, .. } => tokens.extend(item.clone()),
        }
    }
}

impl Parse for RawFunction {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        if !input.peek(syn::token::Brace) {
            return Err(input.error("expected a body"));
        }
        Ok(Self { attributes, visibility, signature, body: input.parse()? })
    }
}

impl ToTokens for RawFunction {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attribute in &self.attributes {
            attribute.to_tokens(tokens);
        }
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        tokens.extend(self.body.clone());
    }
}

/// The word that says what the item is: `struct`, `impl`, `mod`, …; else all of it.
fn keyword(tokens: &TokenStream) -> TokenStream {
    const KEYWORDS: [&str; 14] = [
        "struct",
        "enum",
        "union",
        "trait",
        "impl",
        "mod",
        "const",
        "static",
        "type",
        "use",
        "macro_rules",
        "extern",
        "let",
        "fn",
    ];
    let word = tokens.clone().into_iter().find(|token| match token {
        TokenTree::Ident(ident) => KEYWORDS.iter().any(|keyword| ident == keyword),
        _ => false,
    });
    word.map_or_else(|| tokens.clone(), |word| word.to_token_stream())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn functions_come_out_as_they_went_in() {
        let table = [
            quote!(
                #[doc = " docs"]
                #[inline]
                pub(crate) async fn f(mut a: A, Json(b): Json<B>) -> Result<(), E> {
                    a.b;
                    b?
                }
            ),
            quote!(
                async fn half() {
                    let x =
                }
            ),
            quote!(
                unsafe extern "C" fn f<'a, T>(a: &'a T, ...)
                where
                    T: A,
                {
                }
            ),
        ];
        for tokens in table {
            let item = Item::parse(tokens.clone());
            assert!(item.function().is_some(), "{tokens}");
            assert_eq!(item.to_token_stream().to_string(), tokens.to_string());
        }
    }

    #[test]
    fn other_items_are_named() {
        let table = [
            (
                quote!(
                    #[derive(A)]
                    pub struct S;
                ),
                "struct",
            ),
            (quote!(impl A {}), "impl"),
            (
                quote!(
                    mod a {}
                ),
                "mod",
            ),
            (
                quote!(
                    async fn f();
                ),
                "fn",
            ),
            (quote!(1 + 1), "1 + 1"),
        ];
        for (tokens, expected) in table {
            let Item::Other { keyword, .. } = Item::parse(tokens) else { panic!("a function") };
            assert_eq!(keyword.to_string(), expected);
        }
    }
}
