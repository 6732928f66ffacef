//! Calls by path: one by method syntax would be ambiguous beside a trait of the user's that has such a method on every type.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// One call of a method that takes its value and gives it back.
pub(crate) struct Call {
    pub(crate) method: Ident,
    /// The argument, if there is one.
    pub(crate) argument: Option<TokenStream>,
}

impl Call {
    pub(crate) fn new(method: Ident, argument: TokenStream) -> Self {
        Self { method, argument: Some(argument) }
    }
}

/// `Type::second(Type::first(value, argument), argument)`.
pub(crate) fn chain(
    ty: &TokenStream,
    value: TokenStream,
    calls: impl IntoIterator<Item = Call>,
) -> TokenStream {
    calls.into_iter().fold(value, |value, Call { method, argument }| {
        let argument = argument.into_iter();
        quote!(#ty::#method(#value #(, #argument)*))
    })
}
