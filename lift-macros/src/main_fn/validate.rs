//! The rules for the function under `#[lift::main]`.

use quote::{ToTokens, quote};
use syn::{Safety, Signature};

use super::model::{Flavor, Main};
use super::parse::{FLAVOR, RawMain, WORKER_THREADS};
use crate::function::{Item, RawFunction, not_a_function};
use crate::support::attributes::{is_ours, shown, starts_runtime};
use crate::support::errors::{Errors, Fault};
use crate::support::rules::Rule;

/// The checked `main`, or `None` after at least one report.
pub(crate) fn validate<'a>(raw: &'a RawMain, errors: &Errors) -> Option<Main<'a>> {
    let function = match &raw.item {
        Item::Function(function) => function,
        Item::Other { keyword, .. } => {
            errors.report(not_a_function(keyword, "#[lift::main]", "write it on `async fn main() { … }`"));
            return None;
        }
    };
    for attribute in function.attributes.iter().filter(|attribute| is_second(attribute)) {
        let shown = shown(attribute);
        let text = format!("`{shown}` starts a second runtime");
        let fault = Fault::new(Rule::RuntimeAttribute, attribute, text);
        errors
            .report(fault.help(format!(
                "leave `{shown}` out, or `#[lift::main]`: `App::run` works under any runtime"
            )));
    }
    check_signature(&function.signature, errors);
    let flavor = raw.keys.get(&FLAVOR).map(|flavor| match flavor.value {
        0 => Flavor::CurrentThread,
        _ => Flavor::MultiThread,
    });
    let worker_threads = raw.keys.get(&WORKER_THREADS);
    if let (Some(Flavor::CurrentThread), Some(threads)) = (flavor, &worker_threads) {
        let text = "`worker_threads` goes with several threads, and `flavor = \"current_thread\"` has one";
        errors.report(
            Fault::new(Rule::ThreadsOfOne, threads, text)
                .help("leave it out, or write `flavor = \"multi_thread\"`"),
        );
    }
    let worker_threads = worker_threads.map(|threads| *threads.value);
    Some(Main { function, flavor, worker_threads, runtime: &raw.runtime })
}

impl RawFunction {
    /// True if the name is `main`.
    pub(crate) fn is_main(&self) -> bool {
        self.signature.ident == "main"
    }
}

pub(super) fn is_second(attribute: &syn::Attribute) -> bool {
    starts_runtime(attribute.path()) || is_ours(attribute.path(), "main")
}

fn check_signature(signature: &Signature, errors: &Errors) {
    let Signature { constness, asyncness, safety, abi, fn_token, ident, generics, inputs, variadic, .. } =
        signature;
    let report = |rule: Rule, at: &dyn ToTokens, text: &str, help: &str| {
        errors.report(Fault::new(rule, at.to_token_stream(), text).help(help));
    };
    let write = "write `async fn main()`";
    if ident != "main" {
        report(Rule::NotMain, ident, "`#[lift::main]` goes on the function `main`", write);
    }
    if let Some(constness) = constness {
        report(Rule::ConstFunction, constness, "`main` can't be `const`", write);
    } else if asyncness.is_none() {
        let help = "write `async fn main()`, or leave `#[lift::main]` out";
        report(Rule::NotAsync, &quote!(#fn_token #ident), "`#[lift::main]` runs an `async` function", help);
    }
    if let Safety::Unsafe(token) = safety {
        report(Rule::UnsafeFunction, token, "`main` can't be `unsafe`", write);
    }
    if let Some(abi) = abi {
        report(Rule::ExternFunction, abi, "`main` is called by Rust, not by another language", write);
    }
    if !generics.params.is_empty() || generics.where_clause.is_some() {
        let at = match &generics.where_clause {
            Some(clause) if generics.params.is_empty() => clause.to_token_stream(),
            _ => generics.to_token_stream(),
        };
        report(Rule::GenericFunction, &at, "`main` can't be generic", write);
    }
    if !inputs.is_empty() || variadic.is_some() {
        let help =
            "leave them out; `App::provide` hands a value to handlers, `std::env::args` has the command line";
        report(Rule::MainArgument, &quote!(#inputs #variadic), "`main` takes no arguments", help);
    }
}
