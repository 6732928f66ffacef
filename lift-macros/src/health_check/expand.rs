//! The tokens: the untouched function, its companion, and constants around one call.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::model::{Check, Kind};
use super::parse::RawCheck;
use crate::function::{self, CallType, Item, local};
use crate::support::calls::{Call, chain};
use crate::support::errors::Rejected;
use crate::support::runtime::Runtime;

pub(crate) fn expand(raw: &RawCheck, check: &Check) -> TokenStream {
    let RawCheck { item, runtime, .. } = raw;
    let function::Function { ident, visibility, inherited, arguments, .. } = &check.function;
    let private = runtime.path();
    let meta = meta(check, runtime);
    let types: Vec<_> = arguments.iter().map(|argument| CallType::plain(&argument.ty)).collect();
    let declare = function::declare(&types, ident, None, runtime);
    let run = run(check, &types, runtime);
    let implementation = quote! {
        impl #private::Check for #ident {
            const META: #private::CheckMeta = #meta;
            #declare
            #run
        }
    };
    let companion = function::companion(visibility, ident, inherited, &implementation, runtime);
    quote!(#item #companion)
}

/// The errors, and what keeps them the only ones.
pub(crate) fn fallback(raw: &RawCheck, rejected: &Rejected) -> TokenStream {
    let Item::Function(function) = &raw.item else {
        let item = &raw.item;
        return quote!(#rejected #item);
    };
    let private = raw.runtime.path();
    let ident = &function.signature.ident;
    let item = function::stub(
        function,
        &quote! {
            impl #private::Check for #ident {
                // By its place, so that a list of two refused checks does not find one name twice.
                const META: #private::CheckMeta = #private::CheckMeta::new(
                    ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#ident)), ::core::file!(), ::core::line!(), #private::CheckSettings::new(),
                );
                fn declare(_: &mut #private::Requirements) {}
                fn run(_: #private::Context) -> #private::BoxFuture<'static, #private::Health> {
                    ::std::boxed::Box::pin(::core::future::pending())
                }
            }
        },
        &raw.runtime,
    );
    quote!(#rejected #item)
}

fn meta(check: &Check, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let name = &check.name;
    let kind = check.kind.as_ref().map(|kind| {
        let kind = match kind {
            Kind::Readiness => quote!(Readiness),
            Kind::Liveness => quote!(Liveness),
            Kind::Startup => quote!(Startup),
            Kind::Group(name) => quote!(Group(#name)),
        };
        Call::new(format_ident!("kind"), quote!(#private::CheckKind::#kind))
    });
    let critical = check.critical.map(|critical| Call::new(format_ident!("critical"), quote!(#critical)));
    let times = [("timeout", check.timeout), ("cache", check.cache), ("interval", check.interval)];
    let times = times.into_iter().filter_map(|(method, millis)| {
        let (method, millis) = (format_ident!("{method}"), Literal::u64_unsuffixed(millis?));
        Some(Call::new(method, quote!(::core::time::Duration::from_millis(#millis))))
    });
    let numbers = [("fail_after", check.fail_after), ("recover_after", check.recover_after)];
    let numbers = numbers.into_iter().filter_map(|(method, number)| {
        let (method, number) = (format_ident!("{method}"), Literal::u64_unsuffixed(number?));
        Some(Call::new(method, quote!(#number)))
    });
    let settings = quote!(#private::CheckSettings);
    let calls = kind.into_iter().chain(critical).chain(times).chain(numbers);
    let settings = chain(&settings, quote!(#settings::new()), calls);
    quote!(#private::CheckMeta::new(#name, ::core::file!(), ::core::line!(), #settings))
}

fn run(check: &Check, types: &[CallType], runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let function::Function { ident, output, .. } = &check.function;
    let context = local("context", 0);
    // "the future is not `Send`" belongs to the function, so the call points to its name.
    let span = ident.span();
    let private_at_name = runtime.path_at(span);
    let name = format_ident!("check{}", types.len(), span = span);
    let run = quote_spanned! {span=>
        #private_at_name::#name::<#(#types,)* #output, _, _>(#context, #ident)
    };
    quote! {
        fn run(#context: #private::Context) -> #private::BoxFuture<'static, #private::Health> {
            #run
        }
    }
}
