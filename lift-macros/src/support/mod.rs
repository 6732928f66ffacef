//! What every macro needs: the error sink, the key tables, and the small languages inside string literals.

pub(crate) mod attributes;
pub(crate) mod calls;
#[cfg(test)]
mod calls_tests;
pub(crate) mod duration;
pub(crate) mod errors;
pub(crate) mod keys;
pub(crate) mod literal;
pub(crate) mod naming;
pub(crate) mod nearest;
pub(crate) mod rules;
pub(crate) mod runtime;
pub(crate) mod spans;
