//! `#[derive(LiftError)]`.

mod arguments;
mod bounds;
mod display;
mod expand;
mod keys;
mod model;
mod parse;
mod placeholders;
mod public;
mod status;
mod uses;
mod validate;

use proc_macro2::TokenStream;

use crate::support::errors::Errors;

#[cfg(test)]
pub(crate) use keys::{ENUM_TABLE, STRUCT_TABLE, VARIANT_TABLE};

pub(crate) fn lift_error(item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let raw = match parse::parse(item, &errors) {
        Ok(raw) => raw,
        // rustc has parsed the item already, so this is syntax that is newer than the parser.
        Err(error) => {
            let _: Result<(), _> = errors.finish(Some(()));
            return error.to_compile_error();
        }
    };
    let checked = validate::validate(&raw, &errors);
    match errors.finish(checked) {
        Ok(error) => expand::expand(&raw, &error),
        Err(rejected) => expand::fallback(&raw, &rejected),
    }
}

#[cfg(test)]
mod matrix;
#[cfg(test)]
mod source_tests;
#[cfg(test)]
mod tests;
