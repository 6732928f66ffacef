//! The tokens: one match that decides, and the two ways into an answer.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;

use super::display::{self, Shows};
use super::keys::{LEVELS, Retry};
use super::model::{Decided, Decision, Detail, Format, Text};
use super::parse::{RawDecision, RawError};
use crate::support::errors::Rejected;
use crate::support::runtime::Runtime;
use crate::support::spans::ends;

pub(crate) fn expand(raw: &RawError, decided: &[Decided]) -> TokenStream {
    let arms = decided.iter().map(|decided| arm(decided, &raw.runtime));
    let body = if decided.is_empty() { quote!(match *self {}) } else { quote!(match self { #(#arms)* }) };
    let catalog = catalog(decided, &raw.runtime);
    let repeats = repeats(raw);
    impls(&raw.input.ident, &body, &quote!(#catalog #repeats), &raw.runtime)
}

/// The error whose text a variant's own text repeats, which the log must not show as the author's.
fn repeats(raw: &RawError) -> TokenStream {
    let private = raw.runtime.path();
    let inner = inner();
    let arm = |decision: &RawDecision| {
        let fields: Vec<_> = decision.fields.iter().collect();
        let shows = display::shows_source(&decision.attributes, &fields)?;
        let path = match (decision.is_variant, &decision.ident) {
            (true, variant) => quote!(Self::#variant),
            (false, _) => quote!(Self),
        };
        let member = decision.fields.members().next();
        Some(match (shows, member) {
            (Shows::Everything(_), Some(field)) => {
                quote!(#path { #field: #inner, .. } => ::core::option::Option::Some(#inner.as_error()),)
            }
            _ => quote!(#path { .. } => ::std::error::Error::source(self),),
        })
    };
    let arms: Vec<_> = raw.decisions.iter().filter_map(arm).collect();
    if arms.is_empty() {
        return TokenStream::new();
    }
    quote! {
        fn repeats(&self) -> ::core::option::Option<&(dyn ::std::error::Error + 'static)> {
            #[allow(unused_imports)]
            use #private::AsError as _;
            #[allow(unreachable_patterns)]
            match self { #(#arms)* _ => ::core::option::Option::None }
        }
    }
}

/// What each variant tells, as a constant.
fn catalog(decided: &[Decided], runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let entries = decided.iter().filter_map(|decided| {
        let variant = decided.variant.as_ref().map(|variant| variant.unraw().to_string()).unwrap_or_default();
        let option = |value: Option<TokenStream>| match value {
            Some(value) => quote!(::core::option::Option::Some(#value)),
            None => quote!(::core::option::Option::None),
        };
        let (status, code, retry, text) = match &decided.decision {
            Decision::Transparent { .. } => return None,
            Decision::Internal { code } => (500, code, option(None), option(None)),
            Decision::Own { status, code, retry, text, .. } => {
                let shown = match text {
                    Text::Nothing => None,
                    _ => decided.shown.as_ref().map(ToTokens::to_token_stream),
                };
                (*status, code, option(retry.map(|retry| self::retry(retry, runtime))), option(shown))
            }
        };
        let status = Literal::u16_unsuffixed(status);
        Some(quote!(#private::CatalogEntry::new(#variant, #status, #code, #retry, #text)))
    });
    // A type that is no `LiftError` has an empty catalog here: it is told at the decision.
    let inner = decided.iter().filter_map(|decided| match &decided.decision {
        Decision::Transparent { ty, .. } => Some(quote!(#private::CatalogOf::<#ty>::CATALOG)),
        _ => None,
    });
    quote! {
        const CATALOG: #private::Catalog = {
            #[allow(unused_imports)]
            use #private::NoCatalog as _;
            #private::Catalog::new(&[#(#entries),*], &[#(#inner),*])
        };
    }
}

fn retry(retry: Retry, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    match retry {
        Retry::Never => quote!(#private::Retry::Never),
        Retry::Now => quote!(#private::Retry::Now),
        Retry::After(millis) => {
            let millis = Literal::u64_unsuffixed(millis);
            quote!(#private::Retry::after_ms(#millis))
        }
    }
}

/// The errors, and what keeps them the only ones.
pub(crate) fn fallback(raw: &RawError, rejected: &Rejected) -> TokenStream {
    if !raw.input.generics.params.is_empty() {
        return rejected.to_token_stream();
    }
    let private = raw.runtime.path();
    let decision = quote!(#private::Decision::internal("REFUSED"));
    let impls = impls(&raw.input.ident, &decision, &TokenStream::new(), &raw.runtime);
    quote!(#rejected #impls)
}

fn impls(ident: &Ident, decision: &TokenStream, catalog: &TokenStream, runtime: &Runtime) -> TokenStream {
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
            #catalog
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

fn arm(decided: &Decided, runtime: &Runtime) -> TokenStream {
    let Decided { variant, decision, level, .. } = decided;
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
        Decision::Own { status, code, retry, text, details } => {
            let status = Literal::u16_unsuffixed(*status);
            let text = public(text, runtime);
            let retry = retry.map(|retry| self::retry(retry, runtime)).map(|retry| quote!(.retry(#retry)));
            let details = details.iter().map(|Detail { name, ty, .. }| {
                let local = field_local(name);
                // A type that is not `Serialize` is told at the field.
                let (first, last) = ends(ty);
                let private = runtime.path_at(last);
                let open = quote_spanned!(first=> <);
                let close = quote_spanned!(last=> as #private::Detail>::detail);
                quote!(.detail(#name, #open #ty #close(#local)))
            });
            quote!(#private::Decision::new(#status, #code) #retry #text #(#details)*)
        }
    };
    let level = level.and_then(|level| LEVELS.get(level)).map(|level| quote!(.log(#level)));
    let decision = quote!(#decision #level);
    // Braces fit every sort of variant.
    quote!(#path { #fields .. } => #decision,)
}

fn bindings(decision: &Decision) -> TokenStream {
    match decision {
        Decision::Transparent { field, .. } => {
            let inner = inner();
            quote!(#field: #inner,)
        }
        Decision::Own { text, details, .. } => {
            let shown: &[_] = match text {
                Text::Format(Format { fields, .. }) => fields,
                _ => &[],
            };
            let details =
                details.iter().map(|Detail { name, member, .. }| (member.clone(), field_local(name)));
            // A field is bound once, however often it is shown.
            let fields: BTreeMap<_, _> =
                shown.iter().cloned().chain(details).map(|(member, local)| (local, member)).collect();
            let (locals, members) = (fields.keys(), fields.values());
            quote!(#(#members: #locals,)*)
        }
        _ => TokenStream::new(),
    }
}

fn public(text: &Text, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    match text {
        Text::Nothing => TokenStream::new(),
        Text::Display => quote!(.public(#private::text(self))),
        Text::Plain(text) => quote!(.public(#text)),
        Text::Format(Format { literal, fields }) => {
            let arguments = fields.iter().map(|(_, local)| quote!(#local = #local));
            quote!(.public(::std::format!(#literal, #(#arguments),*)))
        }
    }
}

/// The local name that stands for a field.
pub(super) fn field_local(name: &str) -> Ident {
    format_ident!("__lift_{name}", span = Span::mixed_site())
}

fn inner() -> Ident {
    Ident::new("inner", Span::mixed_site())
}
