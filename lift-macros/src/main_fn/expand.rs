//! The tokens: a `main` that chooses a runtime, around the user's own.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Safety;

use super::model::{Flavor, Main};
use super::parse::RawMain;
use super::validate::is_second;
use crate::function::{Output, RawFunction, local};
use crate::support::calls::{Call, chain};
use crate::support::errors::Rejected;
use crate::support::spans::generated;

pub(crate) fn expand(main: &Main<'_>) -> TokenStream {
    let RawFunction { attributes, visibility, signature, body } = main.function;
    let private = main.runtime.path();
    let flavor = main.flavor.map(|flavor| match flavor {
        Flavor::CurrentThread => Call { method: format_ident!("current_thread"), argument: None },
        Flavor::MultiThread => Call { method: format_ident!("multi_thread"), argument: None },
    });
    let worker_threads = main.worker_threads.map(|threads| {
        let threads = Literal::u64_unsuffixed(threads);
        Call::new(format_ident!("worker_threads"), quote!(#threads))
    });
    let version = Call::new(format_ident!("version"), quote!(::core::option_env!("CARGO_PKG_VERSION")));
    let calls = flavor.into_iter().chain(worker_threads).chain([version]);
    let options = quote!(#private::MainOptions);
    let options = chain(&options, quote!(#options::new()), calls);
    let ident = &signature.ident;
    let output = Output::of(&signature.output);
    let (ending, mark) = (local("ending", 0), local("mark", 0));
    // The user's own function keeps its name, so that backtraces and spans say `main`.
    quote! {
        #(#attributes)*
        #visibility fn #ident() -> ::std::process::ExitCode {
            #signature #body
            let #ending = #private::ending::Ending::of(&#ident);
            let #mark = {
                use #private::ending::*;
                (&&&&#ending).__lift_end()
            };
            #private::run_main::<#output, _>(#options, #ident(), #mark)
        }
    }
}

/// The errors, and what keeps them the only ones.
pub(crate) fn fallback(raw: &RawMain, rejected: &Rejected) -> TokenStream {
    let function = match raw.item.function() {
        Some(function) if function.is_main() => function,
        _ => {
            let item = &raw.item;
            return quote!(#rejected #item);
        }
    };
    // An `async fn main` would be refused once more.
    let RawFunction { attributes, visibility, signature, body } = function;
    let attributes = attributes.iter().filter(|attribute| !is_second(attribute));
    let ident = &signature.ident;
    let mut inner = signature.clone();
    inner.constness = None;
    inner.safety = Safety::Default;
    inner.abi = None;
    inner.variadic = None;
    // Nobody calls it.
    inner.ident = generated(ident);
    quote! {
        #rejected
        #(#attributes)*
        #visibility fn #ident() {
            #inner #body
        }
    }
}
