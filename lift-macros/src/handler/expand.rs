//! The tokens: the untouched function, its companion, and constants around one call.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::model::{Handler, Takes, Trigger};
use super::parse::RawHandler;
use super::shape::hash;
use crate::function::{self, CallType, Item, at_name, local};
use crate::support::calls::{Call, chain};
use crate::support::errors::Rejected;
use crate::support::runtime::Runtime;
use crate::support::spans::ends;

pub(crate) fn expand(raw: &RawHandler, handler: &Handler) -> TokenStream {
    let RawHandler { item, runtime, .. } = raw;
    let function::Function { ident, visibility, inherited, .. } = &handler.function;
    let private = runtime.path();
    let meta = meta(handler, runtime);
    let types: Vec<_> = handler.takes.iter().map(|takes| takes.call_type(runtime)).collect();
    let on = format_ident!("{}", handler.trigger.type_name());
    let declare = function::declare(&types, ident, Some(&on), runtime);
    let call = call(handler, &types, runtime);
    let parameters = parameters(handler, runtime);
    let hidden = handler.function.output.is_opaque().then(|| function::hidden(types.len(), ident, runtime));
    let errors = handler.function.output.named().map(|output| {
        quote! {
            const ERRORS: #private::Catalog = {
                use #private::NoCatalog as _;
                #private::CatalogOfAnswer::<#output>::__LIFT_CATALOG
            };
        }
    });
    let implementation = quote! {
        #parameters
        impl #private::Handler for #ident {
            const META: #private::HandlerMeta = #meta;
            #errors
            #declare
            #hidden
            #call
        }
    };
    let companion = function::companion(visibility, ident, inherited, &implementation, runtime);
    quote!(#item #companion)
}

/// The errors, and what keeps them the only ones.
pub(crate) fn fallback(raw: &RawHandler, rejected: &Rejected) -> TokenStream {
    let Item::Function(function) = &raw.item else {
        let item = &raw.item;
        return quote!(#rejected #item);
    };
    let private = raw.runtime.path();
    let ident = &function.signature.ident;
    let name = function::unraw(ident);
    // No other trigger has this hash, so a list that names the handler stays quiet.
    let unique = Literal::u64_unsuffixed(hash(&function.to_token_stream().to_string()));
    let shape = format!("refused {name}");
    let item = function::stub(
        function,
        &quote! {
            impl #private::Handler for #ident {
                const META: #private::HandlerMeta = #private::HandlerMeta::new(
                    #name, ::core::module_path!(), ::core::file!(), ::core::line!(),
                    #private::Trigger::Invoke { name: #name }, #unique, #shape,
                );
                fn declare(_: &mut #private::Requirements) {}
                fn call(_: #private::Request) -> #private::BoxFuture<'static, #private::Response> {
                    ::std::boxed::Box::pin(::core::future::pending())
                }
            }
        },
        &raw.runtime,
    );
    quote!(#rejected #item)
}

fn meta(handler: &Handler, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let name = handler.function.name();
    let shape = handler.trigger.shape();
    let hash = Literal::u64_unsuffixed(hash(&shape));
    let place = quote!(#name, ::core::module_path!(), ::core::file!(), ::core::line!());
    let trigger = trigger(&handler.trigger, runtime);
    let timeout = handler.timeout.map(|millis| {
        let millis = Literal::u64_unsuffixed(millis);
        Call::new(format_ident!("timeout_ms"), quote!(#millis))
    });
    let concurrency = handler.concurrency.map(|records| {
        let records = Literal::usize_unsuffixed(usize::try_from(records).unwrap_or(1));
        Call::new(format_ident!("concurrency"), quote!(#records))
    });
    let flags = [
        (handler.partial, "partial"),
        (handler.drop_permanent, "drop_permanent"),
        (handler.cancel_on_disconnect, "cancel_on_disconnect"),
    ];
    let flags = flags.into_iter().filter(|(set, _)| *set);
    let flags = flags.map(|(_, method)| Call { method: format_ident!("{method}"), argument: None });
    let meta = quote!(#private::HandlerMeta);
    let new = quote!(#meta::new(#place, #trigger, #hash, #shape));
    chain(&meta, new, timeout.into_iter().chain(concurrency).chain(flags))
}

fn trigger(trigger: &Trigger, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let text = |text: &Option<String>| match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    match trigger {
        Trigger::Http { method, route } => {
            let path = &route.text;
            let params = route.parameters.iter().map(|parameter| &parameter.name);
            quote!(#private::Trigger::Http { method: #method, path: #path, params: &[#(#params),*] })
        }
        Trigger::Invoke { name } => quote!(#private::Trigger::Invoke { name: #name }),
        Trigger::Records { kind, name } => {
            let variant = format_ident!("{}", kind.variant);
            quote!(#private::Trigger::Records { kind: #private::RecordKind::#variant, name: #name })
        }
        Trigger::EventBridge { source, detail_type } => {
            let (source, detail_type) = (text(source), text(detail_type));
            quote!(#private::Trigger::EventBridge { source: #source, detail_type: #detail_type })
        }
        Trigger::WebSocket { route_key } => quote!(#private::Trigger::WebSocket { route_key: #route_key }),
        Trigger::Event { name, matches } => {
            let matches = matches.iter().map(|one| {
                let (pointer, value) = (&one.pointer, text(&one.value));
                quote!((#pointer, #value))
            });
            quote!(#private::Trigger::Event { name: #name, matches: &[#(#matches),*] })
        }
    }
}

fn call(handler: &Handler, types: &[CallType], runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let function::Function { ident, output, .. } = &handler.function;
    let late = function::late(types, ident, runtime);
    let judge = function::judge(types, ident, output, handler.trigger.has_records(), runtime);
    let request = local("request", 0);
    let names: Vec<_> = (0..types.len()).map(|index| at_name("a", index, ident)).collect();
    let patterns = handler.takes.iter().zip(&names).map(|(takes, name)| match takes {
        Takes::Parameter(index, _) => {
            let parameter = parameter_name(*index);
            quote!(#private::PathArg(#parameter(#name)))
        }
        Takes::Request(_) => quote!(#name),
    });
    // Arguments that are parameters of the route come in a type of their own.
    let function = match handler.takes.iter().any(|takes| matches!(takes, Takes::Parameter(..))) {
        true => quote_spanned!(ident.span()=> |#(#patterns),*| #ident(#(#names),*)),
        false => quote!(#ident),
    };
    // The mark of the last argument's extractor.
    let mark = (!types.is_empty()).then(|| quote!(_,));
    // "the future is not `Send`" belongs to the function, so the call points to its name.
    let span = ident.span();
    let private_at_name = runtime.path_at(span);
    let name = format_ident!("call{}", types.len(), span = span);
    let call = quote_spanned! {span=>
        #private_at_name::#name::<#(#types,)* #mark #output, _, _, _>(
            #request,
            #late,
            #function,
            #judge
        )
    };
    quote! {
        fn call(#request: #private::Request) -> #private::BoxFuture<'static, #private::Response> {
            #call
        }
    }
}

/// A type of its own around each parameter's.
///
/// It can always be read from a path, so that a type without `FromStr` is told once, under itself and in `FromPath`'s
/// words.
fn parameters(handler: &Handler, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let parameters = handler.takes.iter().filter_map(|takes| match takes {
        Takes::Parameter(index, ty) => Some((parameter_name(*index), ty)),
        Takes::Request(_) => None,
    });
    let parameters = parameters.map(|(name, ty)| {
        let (first, last) = ends(ty);
        let private_at_type = runtime.path_at(last);
        let open = quote_spanned!(first=> <);
        let close = quote_spanned!(last=> as #private_at_type::FromPath>::from_path);
        let text = local("text", 0);
        quote! {
            struct #name(#ty);
            #[diagnostic::do_not_recommend]
            impl #private::FromPath for #name {
                fn from_path(#text: &::core::primitive::str) -> ::core::result::Result<Self, ::std::string::String> {
                    ::core::result::Result::map(#open #ty #close(#text), Self)
                }
            }
        }
    });
    quote!(#(#parameters)*)
}

fn parameter_name(index: usize) -> Ident {
    format_ident!("__LiftParameter{index}")
}

impl Takes {
    fn call_type(&self, runtime: &Runtime) -> CallType {
        match self {
            Self::Request(ty) => CallType::plain(ty),
            Self::Parameter(index, _) => {
                let private = runtime.path();
                let name = parameter_name(*index);
                let index = Literal::usize_unsuffixed(*index);
                CallType::no_resource(quote!(#private::PathArg<#name, #index>))
            }
        }
    }
}
