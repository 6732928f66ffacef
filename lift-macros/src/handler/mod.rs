//! `#[lift::handler]`.

mod expand;
mod model;
mod parse;
mod path_rules;
mod route;
mod shape;
mod trigger;
mod validate;

use proc_macro2::TokenStream;

use crate::support::errors::Errors;

#[cfg(test)]
pub(crate) use parse::TABLE;

pub(crate) fn handler(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let raw = parse::parse(attribute, item, &errors);
    let checked = validate::validate(&raw, &errors);
    match errors.finish(checked) {
        Ok(handler) => expand::expand(&raw, &handler),
        Err(rejected) => expand::fallback(&raw, &rejected),
    }
}

#[cfg(test)]
mod tests;
