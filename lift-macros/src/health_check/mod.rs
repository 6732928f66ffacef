//! `#[lift::health_check]`.

mod expand;
mod model;
mod parse;
mod validate;

use proc_macro2::TokenStream;

use crate::support::errors::Errors;

#[cfg(test)]
pub(crate) use parse::TABLE;

pub(crate) fn health_check(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let raw = parse::parse(attribute, item, &errors);
    let checked = validate::validate(&raw, &errors);
    match errors.finish(checked) {
        Ok(check) => expand::expand(&raw, &check),
        Err(rejected) => expand::fallback(&raw, &rejected),
    }
}

#[cfg(test)]
mod tests;
