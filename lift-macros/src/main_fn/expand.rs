//! The tokens: a `main` that chooses a runtime, around the user's own.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Safety;

use super::model::{Flavor, Main};
use super::parse::RawMain;
use super::validate::is_second;
use crate::function::RawFunction;
use crate::support::errors::Rejected;

pub(crate) fn expand(main: &Main<'_>) -> TokenStream {
    let RawFunction { attributes, visibility, signature, body } = main.function;
    let private = main.runtime.path();
    let flavor = main.flavor.map(|flavor| match flavor {
        Flavor::CurrentThread => quote!(.current_thread()),
        Flavor::MultiThread => quote!(.multi_thread()),
    });
    let worker_threads = main.worker_threads.map(|threads| {
        let threads = Literal::u64_unsuffixed(threads);
        quote!(.worker_threads(#threads))
    });
    let ident = &signature.ident;
    // What `main` returns must be something that can end a process: that belongs to the return type.
    let span = match &signature.output {
        syn::ReturnType::Type(_, ty) => crate::support::spans::ends(ty).0,
        syn::ReturnType::Default => ident.span(),
    };
    let at_output = main.runtime.path_at(span);
    let run = quote_spanned!(span=> #at_output::run_main);
    // The user's own function keeps its name, so that backtraces and spans say `main`.
    quote! {
        #(#attributes)*
        #visibility fn #ident() -> ::std::process::ExitCode {
            #signature #body
            #run(#private::MainOptions::new() #flavor #worker_threads, #ident())
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
    let inner = inner.to_token_stream();
    quote! {
        #rejected
        #(#attributes)*
        #visibility fn #ident() {
            #[allow(dead_code)]
            #inner #body
        }
    }
}
