//! What the parameters of a generic error have to be, so that what is decided of it compiles.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, GenericParam, Member, Type};

use super::display::{self, Shows};
use super::model::{Decided, Decision, Format, Text};
use super::parse::RawError;
use super::placeholders::{self, Piece};
use crate::support::spans::contains_word;

/// The `where` clause of the impls; nothing for a type without parameters.
///
/// Each bound is one that the user's own type arguments have to meet: an error inside that decides, a value that is shown.
pub(super) fn bounds(raw: &RawError, decided: &[Decided]) -> Option<TokenStream> {
    let generics = &raw.input.generics;
    if generics.params.is_empty() {
        return None;
    }
    let ident = &raw.input.ident;
    let (_, arguments, _) = generics.split_for_impl();
    let own = generics.where_clause.as_ref().map(|clause| &clause.predicates).into_iter().flatten();
    let parameters: Vec<_> = generics.params.iter().filter_map(name).collect();
    let mut fields = TokenStream::new();
    for (raw_one, one) in raw.decisions.iter().zip(decided) {
        for (ty, bound) in wanted(&raw_one.fields, &one.decision, raw) {
            if is_open(&ty, &parameters) {
                fields.extend(quote!(#ty: #bound,));
            }
        }
        let inside: Vec<_> = raw_one.fields.iter().collect();
        if let (Some(Shows::Everything(_)), [field]) =
            (display::shows_source(raw_one.display.as_ref(), &inside), inside.as_slice())
        {
            let ty = &field.ty;
            if is_open(ty, &parameters) {
                fields.extend(quote!(#ty: ::core::error::Error + 'static,));
            }
        }
    }
    let error = quote!(::core::error::Error + ::core::marker::Send + ::core::marker::Sync + 'static);
    Some(quote!(where #(#own,)* #fields #ident #arguments: #error))
}

/// The name of what may be any type or any number.
fn name(parameter: &GenericParam) -> Option<String> {
    match parameter {
        GenericParam::Type(parameter) => Some(parameter.ident.to_string()),
        GenericParam::Const(parameter) => Some(parameter.ident.to_string()),
        GenericParam::Lifetime(_) => None,
    }
}

/// Whether a type depends on a parameter.
fn is_open(ty: &Type, parameters: &[String]) -> bool {
    parameters.iter().any(|parameter| contains_word(ty, parameter))
}

/// The types of fields, and what a decision asks of each.
fn wanted(fields: &Fields, decision: &Decision, raw: &RawError) -> Vec<(Type, TokenStream)> {
    let private = raw.runtime.path();
    match decision {
        Decision::Transparent { ty, .. } => vec![(Type::clone(ty), quote!(#private::LiftError))],
        Decision::Internal { .. } => Vec::new(),
        Decision::Own { text, details, .. } => {
            let details = details.iter().map(|detail| (detail.ty.clone(), quote!(#private::Detail)));
            let shown = match text {
                Text::Format(format) => shown(fields, format),
                _ => Vec::new(),
            };
            details.chain(shown).collect()
        }
    }
}

/// The fields in a public text, each with the trait that its placeholder asks for.
fn shown(fields: &Fields, format: &Format) -> Vec<(Type, TokenStream)> {
    let ty = |member: &Member| {
        let mut fields = fields.members().zip(fields.iter());
        fields.find(|(known, _)| known == member).map(|(_, field)| field.ty.clone())
    };
    let mut shown = Vec::new();
    for piece in placeholders::read(&format.literal.value()).unwrap_or_default() {
        let Piece::Placeholder(placeholder) = piece else { continue };
        let bound = format.fields.iter().find(|(_, local)| *local == placeholder.argument);
        let Some(ty) = bound.and_then(|(member, _)| ty(member)) else { continue };
        shown.push((ty, format_trait(&placeholder.specification)));
    }
    shown
}

fn format_trait(specification: &str) -> TokenStream {
    match specification.chars().last() {
        Some('?') => quote!(::core::fmt::Debug),
        Some('o') => quote!(::core::fmt::Octal),
        Some('x') => quote!(::core::fmt::LowerHex),
        Some('X') => quote!(::core::fmt::UpperHex),
        Some('p') => quote!(::core::fmt::Pointer),
        Some('b') => quote!(::core::fmt::Binary),
        Some('e') => quote!(::core::fmt::LowerExp),
        Some('E') => quote!(::core::fmt::UpperExp),
        _ => quote!(::core::fmt::Display),
    }
}
