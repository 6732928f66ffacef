//! The tokens: one match that decides, and the two ways into an answer.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::keys::Retry;
use super::model::{Decided, Decision, Format, Text};
use super::parse::RawError;
use crate::support::errors::Rejected;
use crate::support::runtime::Runtime;
use crate::support::spans::ends;

pub(crate) fn expand(raw: &RawError, decided: &[Decided]) -> TokenStream {
    let arms = decided.iter().map(|decided| arm(decided, &raw.runtime));
    let body = if decided.is_empty() { quote!(match *self {}) } else { quote!(match self { #(#arms)* }) };
    let text = decided.iter().any(Decided::shows_display).then(|| display(&raw.runtime));
    let body = quote!(#text #body);
    impls(&raw.input.ident, &body, &raw.runtime)
}

/// The errors, and what keeps them the only ones.
pub(crate) fn fallback(raw: &RawError, rejected: &Rejected) -> TokenStream {
    if !raw.input.generics.params.is_empty() {
        return rejected.to_token_stream();
    }
    let private = raw.runtime.path();
    let impls = impls(&raw.input.ident, &quote!(#private::Decision::internal("REFUSED")), &raw.runtime);
    quote!(#rejected #impls)
}

fn impls(ident: &Ident, decision: &TokenStream, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    // Lints that a user sets are for the user's code.
    let quiet = quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications, clippy::all, clippy::nursery, clippy::pedantic)]
    };
    let error = Ident::new("error", Span::mixed_site());
    quote! {
        #quiet
        impl #private::LiftError for #ident {
            fn decision(&self) -> #private::Decision {
                #decision
            }
        }
        #quiet
        impl #private::IntoResponse for #ident {
            fn into_response(self) -> #private::Response {
                #private::fail(self)
            }
        }
        #quiet
        impl ::core::convert::From<#ident> for #private::Failure {
            fn from(#error: #ident) -> Self {
                #private::failure(#error)
            }
        }
    }
}

/// The error's own text. That it has one follows from the trait here, so that an error without `Display` is told once.
fn display(runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    quote! {
        fn __lift_text<E: #private::LiftError>(error: &E) -> ::std::string::String {
            ::std::string::ToString::to_string(error)
        }
    }
}

fn arm(decided: &Decided, runtime: &Runtime) -> TokenStream {
    let Decided { variant, decision } = decided;
    let private = runtime.path();
    let path = match variant {
        Some(variant) => quote!(Self::#variant),
        None => quote!(Self),
    };
    let fields = bindings(decision);
    let decision = match decision {
        Decision::Transparent { ty, .. } => {
            let inner = inner();
            let (first, last) = ends(ty);
            let private = runtime.path_at(last);
            let open = quote_spanned!(first=> <);
            let close = quote_spanned!(last=> as #private::LiftError>::decision);
            quote!(#open #ty #close(#inner))
        }
        Decision::Internal { code } => quote!(#private::Decision::internal(#code)),
        Decision::Own { status, code, retry, text } => {
            let status = Literal::u16_unsuffixed(*status);
            let text = public(text);
            let retry = retry.map(|retry| match retry {
                Retry::Never => quote!(.retry(#private::Retry::Never)),
                Retry::Now => quote!(.retry(#private::Retry::Now)),
                Retry::After(millis) => {
                    let millis = Literal::u64_unsuffixed(millis);
                    quote!(.retry(#private::Retry::after_ms(#millis)))
                }
            });
            quote!(#private::Decision::new(#status, #code) #retry #text)
        }
    };
    // Braces fit every sort of variant.
    quote!(#path { #fields .. } => #decision,)
}

fn bindings(decision: &Decision) -> TokenStream {
    match decision {
        Decision::Transparent { field, .. } => {
            let inner = inner();
            quote!(#field: #inner,)
        }
        Decision::Own { text: Text::Format(Format { fields, .. }), .. } => {
            let fields = fields.iter().map(|(member, local)| quote!(#member: #local,));
            quote!(#(#fields)*)
        }
        _ => TokenStream::new(),
    }
}

fn public(text: &Text) -> TokenStream {
    match text {
        Text::Nothing => TokenStream::new(),
        Text::Display => quote!(.public(__lift_text(self))),
        Text::Plain(text) => quote!(.public(#text)),
        Text::Format(Format { literal, fields }) => {
            let arguments = fields.iter().map(|(_, local)| quote!(#local = #local));
            quote!(.public(::std::format!(#literal, #(#arguments),*)))
        }
    }
}

fn inner() -> Ident {
    Ident::new("inner", Span::mixed_site())
}
