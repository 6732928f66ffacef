//! What was written: the type and the keys.

use proc_macro2::TokenStream;
use syn::{DeriveInput, Meta, Path};

use super::keys::{CRATE, TABLE};
use crate::support::attributes::second_derive;
use crate::support::errors::{Errors, Fault};
use crate::support::keys::{self, Values};
use crate::support::rules::Rule;
use crate::support::runtime::Runtime;

/// The type, with every key read.
pub(crate) struct RawResource {
    pub(crate) input: DeriveInput,
    pub(crate) keys: Values,
    pub(crate) keys_are_right: bool,
    pub(crate) runtime: Runtime,
    /// The same derive once more.
    pub(crate) derived_again: Option<Path>,
}

pub(crate) fn parse(item: TokenStream, errors: &Errors) -> syn::Result<RawResource> {
    let input: DeriveInput = syn::parse2(item)?;
    let before = errors.count();
    let mut entries = Vec::new();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("resource")) {
        match &attribute.meta {
            Meta::List(list) => entries.extend(keys::parse(list.tokens.clone(), errors)),
            Meta::Path(_) => {}
            Meta::NameValue(pair) => {
                let text = "`#[resource]` takes keys in parentheses";
                let fault = Fault::new(Rule::KeyMalformed, &pair.value, text);
                errors.report(fault.help("write `#[resource(name = \"orders-db\")]`"));
            }
        }
    }
    let keys = TABLE.read(&entries, errors);
    let runtime = Runtime::new(keys.get(&CRATE).map(|path| path.value));
    let derived_again = second_derive(&input.attrs, "Resource");
    Ok(RawResource { input, keys, keys_are_right: errors.count() == before, runtime, derived_again })
}
