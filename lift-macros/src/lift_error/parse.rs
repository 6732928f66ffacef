//! What was written: the type, and the keys of each variant.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Ident, Meta, Path, Variant};

use super::arguments;
use super::keys::{CRATE, ENUM_TABLE, STRUCT_TABLE, VARIANT_TABLE};
use super::status;
use crate::support::attributes::second_derive;
use crate::support::errors::{Errors, Fault};
use crate::support::keys::{Entry, Piece, Table, Values, into_entries, split};
use crate::support::rules::Rule;
use crate::support::runtime::Runtime;

pub(crate) struct RawError {
    pub(crate) input: DeriveInput,
    /// One for each variant, or one for a struct.
    pub(crate) decisions: Vec<RawDecision>,
    pub(crate) runtime: Runtime,
    /// The same derive once more.
    pub(crate) derived_again: Option<Path>,
}

/// What decides for one variant, or for the struct.
pub(crate) struct RawDecision {
    pub(crate) ident: Ident,
    /// False for a struct.
    pub(crate) is_variant: bool,
    /// The `#[error(…)]` that makes its text.
    pub(crate) display: Option<Attribute>,
    pub(crate) fields: Fields,
    pub(crate) keys: Values,
    /// False after a report: what is missing may then be what was misspelt.
    pub(crate) keys_are_right: bool,
    /// Whether arguments stand behind `public`, which has been reported: its placeholders meant those.
    pub(crate) has_arguments: bool,
}

pub(crate) fn parse(item: TokenStream, errors: &Errors) -> syn::Result<RawError> {
    let input: DeriveInput = syn::parse2(item)?;
    let (decisions, path) = match &input.data {
        Data::Struct(data) => {
            let decision = decision(&input.ident, false, &input.attrs, &data.fields, &STRUCT_TABLE, errors);
            let path = decision.keys.get(&CRATE).map(|path| path.value.clone());
            (vec![decision], path)
        }
        Data::Enum(data) => {
            let Read { keys, .. } = read(&input.attrs, &ENUM_TABLE, errors);
            let path = keys.get(&CRATE).map(|path| path.value.clone());
            let variant = |variant: &Variant| {
                let Variant { ident, attrs, fields, .. } = variant;
                let decided = decision(ident, true, attrs, fields, &VARIANT_TABLE, errors);
                // What the enum says holds for each variant without words of its own.
                let display = decided.display.or_else(|| display(&input.attrs));
                RawDecision { display, ..decided }
            };
            (data.variants.iter().map(variant).collect(), path)
        }
        Data::Union(_) => (Vec::new(), None),
    };
    let derived_again = second_derive(&input.attrs, "LiftError");
    Ok(RawError { decisions, runtime: Runtime::new(path.as_ref()), derived_again, input })
}

fn decision(
    ident: &Ident,
    is_variant: bool,
    attributes: &[Attribute],
    fields: &Fields,
    table: &Table,
    errors: &Errors,
) -> RawDecision {
    let Read { keys, keys_are_right, has_arguments } = read(attributes, table, errors);
    for field in fields {
        misplaced(field, errors);
    }
    let (ident, display, fields) = (ident.clone(), display(attributes), fields.clone());
    RawDecision { ident, is_variant, display, fields, keys, keys_are_right, has_arguments }
}

/// thiserror's attribute.
fn display(attributes: &[Attribute]) -> Option<Attribute> {
    attributes.iter().find(|attribute| attribute.path().is_ident("error")).cloned()
}

struct Read {
    keys: Values,
    keys_are_right: bool,
    has_arguments: bool,
}

fn read(attributes: &[Attribute], table: &Table, errors: &Errors) -> Read {
    let before = errors.count();
    let mut has_arguments = false;
    let mut entries: Vec<Entry> = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("lift")) {
        match &attribute.meta {
            Meta::List(list) => {
                let pieces = split(list.tokens.clone()).into_iter();
                let mut pieces: Vec<_> = pieces.filter(|piece| !bare_status(piece, errors)).collect();
                if let Some(fault) = arguments::take(&mut pieces, table) {
                    errors.report(fault);
                    has_arguments = true;
                }
                entries.extend(into_entries(pieces, errors));
            }
            Meta::Path(_) => {}
            Meta::NameValue(pair) => {
                let fault =
                    Fault::new(Rule::KeyMalformed, &pair.value, "`#[lift]` takes keys in parentheses");
                errors.report(fault.help("write `#[lift(status = 404)]`"));
            }
        }
    }
    let keys = table.read(&entries, errors);
    Read { keys, keys_are_right: errors.count() == before, has_arguments }
}

/// `#[lift(404)]`, `#[lift(not_found)]`: reports it and says true.
fn bare_status(piece: &Piece, errors: &Errors) -> bool {
    let status = match piece.tokens() {
        [TokenTree::Literal(number)] => number.to_string().parse::<u16>().ok(),
        [TokenTree::Ident(name)] => status::by_name(&name.to_string()),
        _ => None,
    };
    if let Some(status) = status {
        let text = format!("`{}` stands without its key", piece.to_token_stream());
        errors.report(Fault::new(Rule::StatusBare, piece, text).help(format!("write `status = {status}`")));
    }
    status.is_some()
}

fn misplaced(field: &Field, errors: &Errors) {
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("lift")) {
        let text = "`#[lift(…)]` goes on the variant, not on a field of it";
        let fault = Fault::new(Rule::LiftOnField, attribute, text);
        errors.report(fault.help("write it above the variant's name"));
    }
}
