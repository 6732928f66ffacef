//! The tokens: one match that decides, and the two ways into an answer.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Data;
use syn::ext::IdentExt;

use super::bounds::bounds;
use super::display::{self, Shows};
use super::keys::{LEVELS, Retry};
use super::model::{Decided, Decision, Detail, Format, Text};
use super::parse::{RawDecision, RawError};
use crate::support::attributes::on_impl;
use crate::support::calls::{Call, chain};
use crate::support::errors::Rejected;
use crate::support::runtime::Runtime;
use crate::support::spans::{contains_word, ends, generated};

pub(crate) fn expand(raw: &RawError, decided: &[Decided]) -> TokenStream {
    let arms = decided.iter().map(|decided| arm(decided, &raw.runtime));
    let body = if decided.is_empty() { quote!(match *self {}) } else { quote!(match self { #(#arms)* }) };
    let catalog = catalog(decided, &raw.runtime);
    let repeats = repeats(raw);
    let bounds = bounds(raw, decided);
    let decides = decides(raw, &body, &quote!(#catalog #repeats), bounds.as_ref());
    let error = local("error");
    let private = raw.runtime.path();
    let (response, failure) = (quote!(#private::fail(self)), quote!(#private::failure(#error)));
    let ways = ways(raw, &response, &failure, bounds.as_ref());
    quote!(#decides #ways)
}

/// The error whose text a variant's own text repeats, which the log must not show as the author's.
fn repeats(raw: &RawError) -> TokenStream {
    let private = raw.runtime.path();
    let inner = local("inner");
    let arm = |decision: &RawDecision| {
        let fields: Vec<_> = decision.fields.iter().collect();
        let shows = display::shows_source(decision.display.as_ref(), &fields)?;
        let path = match (decision.is_variant, generated(&decision.ident)) {
            (true, variant) => quote!(Self::#variant),
            (false, _) => quote!(Self),
        };
        let member = decision.fields.members().next();
        Some(match (shows, member) {
            (Shows::Everything(_), Some(field)) => {
                quote!(#path { #field: #inner, .. } => ::core::option::Option::Some(#inner.__lift_as_error()),)
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
            use #private::AsError as _;
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
        Decision::Transparent { ty, .. } => Some(quote!(#private::CatalogOf::<#ty>::__LIFT_CATALOG)),
        _ => None,
    });
    quote! {
        const CATALOG: #private::Catalog = {
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
    if raw.derived_again.is_some() {
        return rejected.to_token_stream();
    }
    let private = raw.runtime.path();
    let decision = quote!(#private::Decision::internal("REFUSED"));
    let never = quote!(loop {});
    let bounds = bounds(raw, &[]);
    let ways = ways(raw, &never, &never, bounds.as_ref());
    // With a `dyn` inside it may not be `Send`, and a union is no `Error`, which would be told as well.
    let holds_dyn = raw.decisions.iter().any(|one| contains_word(&one.fields, "dyn"));
    if holds_dyn || matches!(raw.input.data, Data::Union(_)) {
        return quote!(#rejected #ways);
    }
    let decides = decides(raw, &decision, &TokenStream::new(), bounds.as_ref());
    quote!(#rejected #decides #ways)
}

/// The decision.
fn decides(
    raw: &RawError,
    decision: &TokenStream,
    catalog: &TokenStream,
    bounds: Option<&TokenStream>,
) -> TokenStream {
    let (private, attributes, ident) = (raw.runtime.path(), on_impl(&raw.input.attrs), &raw.input.ident);
    let (params, arguments, _) = raw.input.generics.split_for_impl();
    quote! {
        #attributes
        impl #params #private::LiftError for #ident #arguments #bounds {
            #catalog
            fn decision(&self) -> #private::Decision {
                #decision
            }
        }
    }
}

/// The ways into an answer.
fn ways(
    raw: &RawError,
    response: &TokenStream,
    failure: &TokenStream,
    bounds: Option<&TokenStream>,
) -> TokenStream {
    let (private, attributes, ident) = (raw.runtime.path(), on_impl(&raw.input.attrs), &raw.input.ident);
    let (params, arguments, _) = raw.input.generics.split_for_impl();
    let error = local("error");
    quote! {
        #attributes
        impl #params #private::IntoResponse for #ident #arguments #bounds {
            fn into_response(self) -> #private::Response {
                #response
            }
        }
        #attributes
        impl #params ::core::convert::From<#ident #arguments> for #private::Failure #bounds {
            fn from(#error: #ident #arguments) -> Self {
                #failure
            }
        }
    }
}

fn arm(decided: &Decided, runtime: &Runtime) -> TokenStream {
    let Decided { variant, decision, level, .. } = decided;
    let private = runtime.path();
    let path = match variant.as_ref().map(generated) {
        Some(variant) => quote!(Self::#variant),
        None => quote!(Self),
    };
    let fields = bindings(decision);
    let kind = quote!(#private::Decision);
    let decision = match decision {
        Decision::Transparent { ty, .. } => {
            let inner = local("inner");
            let (first, last) = ends(ty);
            let private = runtime.path_at(last);
            let open = quote_spanned!(first=> <);
            let close = quote_spanned!(last=> as #private::Decides>::decide);
            quote!(#open #ty #close(#inner))
        }
        Decision::Internal { code } => quote!(#private::Decision::internal(#code)),
        Decision::Own { status, code, retry, text, details } => {
            let status = Literal::u16_unsuffixed(*status);
            let text = public(text, runtime);
            let retry = retry.map(|retry| Call::new(format_ident!("retry"), self::retry(retry, runtime)));
            let details = details.iter().map(|Detail { name, ty, .. }| {
                let field = local(name);
                // A type that is not `Serialize` is told at the field.
                let (first, last) = ends(ty);
                let private = runtime.path_at(last);
                let open = quote_spanned!(first=> <);
                let close = quote_spanned!(last=> as #private::Detail>::detail);
                Call::new(format_ident!("detail"), quote!(#name, #open #ty #close(#field)))
            });
            let new = quote!(#kind::new(#status, #code));
            chain(&kind, new, retry.into_iter().chain(text).chain(details))
        }
    };
    let level = level.and_then(|level| LEVELS.get(level));
    let decision = chain(&kind, decision, level.map(|level| Call::new(format_ident!("log"), quote!(#level))));
    // Braces fit every sort of variant.
    quote!(#path { #fields .. } => #decision,)
}

fn bindings(decision: &Decision) -> TokenStream {
    match decision {
        Decision::Transparent { field, .. } => {
            let inner = local("inner");
            quote!(#field: #inner,)
        }
        Decision::Own { text, details, .. } => {
            let shown: &[_] = match text {
                Text::Format(Format { fields, .. }) => fields,
                _ => &[],
            };
            let details = details.iter().map(|Detail { name, member, .. }| (member.clone(), local(name)));
            // A field is bound once, however often it is shown.
            let fields: BTreeMap<_, _> =
                shown.iter().cloned().chain(details).map(|(member, local)| (local, member)).collect();
            let (locals, members) = (fields.keys(), fields.values());
            quote!(#(#members: #locals,)*)
        }
        _ => TokenStream::new(),
    }
}

fn public(text: &Text, runtime: &Runtime) -> Option<Call> {
    let private = runtime.path();
    let text = match text {
        Text::Nothing => return None,
        Text::Display => quote!(#private::text(self)),
        Text::Plain(text) => quote!(#text),
        Text::Format(Format { literal, fields }) => {
            let arguments = fields.iter().map(|(_, local)| quote!(#local = #local));
            quote!(::std::format!(#literal, #(#arguments),*))
        }
    };
    Some(Call::new(format_ident!("public"), text))
}

/// A local name that no constant of the user's has, for a field or anything else.
pub(super) fn local(name: &str) -> Ident {
    format_ident!("__lift_{name}", span = Span::mixed_site())
}
