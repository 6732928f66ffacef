//! A function that lift can call.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, ReturnType, Type, Visibility};

use crate::support::spans::{contains_word, ends};

/// A checked function: async, free, not generic, and no more arguments than the runtime can pass, each of which owns
/// what it holds.
pub(crate) struct Function {
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    /// What holds for what stands beside it, too.
    pub(crate) inherited: Vec<Attribute>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) output: Output,
}

pub(crate) struct Argument {
    /// The name, if the pattern is a plain `name` or `mut name`.
    pub(crate) name: Option<Ident>,
    /// All names that the pattern binds.
    pub(crate) binds: Vec<Ident>,
    pub(crate) ty: Type,
}

/// The return type, as it stands in a turbofish.
pub(crate) struct Output(Option<Type>);

impl Output {
    pub(crate) fn of(output: &ReturnType) -> Self {
        Self(match output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(Type::clone(ty)),
        })
    }
}

impl Output {
    /// The type, where it can be written elsewhere.
    pub(crate) fn named(&self) -> Option<&Type> {
        self.0.as_ref().filter(|ty| !matches!(ty, Type::Never(_)) && !contains_word(*ty, "impl"))
    }

    /// Whether the compiler shows less of it than it is: `impl Trait`, anywhere inside.
    pub(crate) fn is_opaque(&self) -> bool {
        self.0.as_ref().is_some_and(|ty| contains_word(ty, "impl"))
    }
}

impl Function {
    /// The name without `r#`.
    pub(crate) fn name(&self) -> String {
        unraw(&self.ident)
    }
}

impl ToTokens for Output {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            None => tokens.extend(quote!(())),
            Some(ty) => match self.named() {
                Some(ty) => ty.to_tokens(tokens),
                // It cannot be written in a turbofish; the compiler finds it by itself.
                None => {
                    let (first, _) = ends(ty);
                    tokens.extend(quote_spanned!(first=> _));
                }
            },
        }
    }
}

pub(crate) fn unraw(ident: &Ident) -> String {
    let name = ident.to_string();
    match name.strip_prefix("r#") {
        Some(name) => name.to_owned(),
        None => name,
    }
}
