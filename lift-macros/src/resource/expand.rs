//! The tokens: an impl of the runtime's trait that calls the inner resource's, or the user's functions.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Data, DeriveInput, ExprPath, Type};

use super::model::{Body, Own, Resource, SpecCall};
use super::parse::RawResource;
use super::validate::newtype;
use crate::support::attributes::on_impl;
use crate::support::calls::{Call, chain};
use crate::support::errors::Rejected;
use crate::support::runtime::Runtime;
use crate::support::spans::ends;

pub(crate) fn expand(raw: &RawResource, resource: &Resource) -> TokenStream {
    let Resource { ident, body, .. } = resource;
    let runtime = &raw.runtime;
    let private = runtime.path();
    let attributes = on_impl(&raw.input.attrs);
    let types = types(body, runtime);
    let spec = spec(resource, runtime);
    let initialize = initialize(resource, runtime);
    let health_check = health_check(resource, runtime);
    let cleanup = cleanup(resource, runtime);
    let opened = opened(resource, runtime);
    let is_valid = is_valid(resource, runtime);
    let (bound, deref) = match body {
        Body::Newtype(inner) => (is_resource(inner, runtime), deref(&raw.input, inner)),
        Body::Own(own) => {
            (TokenStream::new(), own.inner.as_ref().map(|inner| deref(&raw.input, inner)).unwrap_or_default())
        }
    };
    quote! {
        // Otherwise every message about a type that is no resource lists those that are.
        #[diagnostic::do_not_recommend]
        #attributes
        impl #private::Resource for #ident #bound {
            #types
            #spec
            #initialize
            #opened
            #is_valid
            #health_check
            #cleanup
        }
        #deref
    }
}

/// The errors, and what keeps them the only ones.
pub(crate) fn fallback(raw: &RawResource, rejected: &Rejected) -> TokenStream {
    if raw.derived_again.is_some() {
        return rejected.to_token_stream();
    }
    let private = raw.runtime.path();
    let ident = &raw.input.ident;
    let attributes = on_impl(&raw.input.attrs);
    let deref = match &raw.input.data {
        Data::Struct(data) => newtype(&data.fields).map(|inner| deref(&raw.input, inner)),
        _ => None,
    };
    let (params, arguments, _) = raw.input.generics.split_for_impl();
    let bounds = is_sendable(&raw.input);
    quote! {
        #rejected
        #[diagnostic::do_not_recommend]
        #attributes
        impl #params #private::Resource for #ident #arguments #bounds {
            type Config = #private::NoSettings;
            type Error = #private::BoxError;
            fn spec() -> #private::ResourceSpec {
                #private::ResourceSpec::new("refused", ::core::module_path!(), ::core::file!(), ::core::line!())
            }
            async fn initialize(
                _: &Self::Config,
                _: &#private::Init,
            ) -> ::core::result::Result<Self, Self::Error> {
                ::core::future::pending().await
            }
            async fn health_check(&mut self) -> ::core::result::Result<(), Self::Error> {
                ::core::result::Result::Ok(())
            }
        }
        #deref
    }
}

/// What a generic type, which is refused, is taken to be, so that nothing else is said of it.
fn is_sendable(input: &DeriveInput) -> Option<TokenStream> {
    let DeriveInput { ident, generics, .. } = input;
    if generics.params.is_empty() {
        return None;
    }
    let (_, arguments, _) = generics.split_for_impl();
    let own = generics.where_clause.as_ref().map(|clause| &clause.predicates).into_iter().flatten();
    Some(quote!(where #(#own,)* #ident #arguments: ::core::marker::Send + 'static))
}

fn types(body: &Body, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    match body {
        Body::Newtype(inner) => {
            let as_resource = as_resource(inner, runtime);
            quote! {
                type Config = #as_resource::Config;
                type Error = #as_resource::Error;
            }
        }
        Body::Own(own) => {
            let config = or(own.config.as_ref(), quote!(#private::NoSettings));
            let error = or(own.error.as_ref(), quote!(#private::BoxError));
            quote! {
                type Config = #config;
                type Error = #error;
            }
        }
    }
}

fn or(ty: Option<&Type>, default: TokenStream) -> TokenStream {
    ty.map_or(default, ToTokens::to_token_stream)
}

/// `<Inner as Resource>`, from the type's first token to its last, so that an error underlines all of it.
fn as_resource(inner: &Type, runtime: &Runtime) -> TokenStream {
    let (first, last) = ends(inner);
    let private = runtime.path_at(last);
    let open = quote_spanned!(first=> <);
    let close = quote_spanned!(last=> as #private::Resource>);
    quote!(#open #inner #close)
}

/// A bound that is true, or the one place where the compiler says that it is not: below it, it is taken as given.
fn is_resource(inner: &Type, runtime: &Runtime) -> TokenStream {
    let (_, last) = ends(inner);
    let private = runtime.path_at(last);
    let bound = quote_spanned!(last=> : #private::Resource);
    quote!(where #inner #bound)
}

fn spec(resource: &Resource, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let Resource { name, spec, settings, .. } = resource;
    let calls = spec.iter().map(|call| match call {
        SpecCall::Number(method, number) => {
            let number = Literal::u64_unsuffixed(*number);
            Call::new(format_ident!("{method}"), quote!(#number))
        }
        SpecCall::Flag(method, value) => Call::new(format_ident!("{method}"), quote!(#value)),
        SpecCall::Plain(method) => Call { method: format_ident!("{method}"), argument: None },
        SpecCall::Warm(variant) => {
            let variant = format_ident!("{variant}");
            Call::new(format_ident!("warm"), quote!(#private::Warm::#variant))
        }
    });
    let settings = settings.iter().map(|setting| {
        let (name, value) = (&setting.name, &setting.value);
        Call::new(format_ident!("setting"), quote!(#name, #value))
    });
    let spec = quote!(#private::ResourceSpec);
    let place = quote!(::core::module_path!(), ::core::file!(), ::core::line!());
    let spec = chain(&spec, quote!(#spec::new(#name, #place)), calls.chain(settings));
    quote! {
        fn spec() -> #private::ResourceSpec {
            #spec
        }
    }
}

fn initialize(resource: &Resource, runtime: &Runtime) -> TokenStream {
    let private = runtime.path();
    let Resource { body, after_connect, .. } = resource;
    let (config, init) = (local("config"), local("init"));
    let open = match body {
        Body::Newtype(inner) => {
            let as_resource = as_resource(inner, runtime);
            quote!(::core::result::Result::map(#as_resource::initialize(#config, #init).await, Self))
        }
        Body::Own(own) => {
            let Own { initialize, .. } = own.as_ref();
            call(initialize, &["config", "init"], true)
        }
    };
    let open = match after_connect {
        None => open,
        Some(path) => {
            let (_, last) = ends(path);
            let [opened, prepared, error] = ["opened", "prepared", "error"].map(local);
            let preparing = quote!(#private::Preparing::<Self>);
            let prepare = call_with(path, quote_spanned!(last=> #preparing::opened(&mut #opened)), true);
            quote! {
                let mut #opened: #preparing = match #open {
                    ::core::result::Result::Ok(#opened) => #preparing::new(#opened, #init),
                    ::core::result::Result::Err(#error) => return ::core::result::Result::Err(#error),
                };
                let #prepared: ::core::result::Result<(), Self::Error> = #prepare;
                match #prepared {
                    ::core::result::Result::Ok(()) => ::core::result::Result::Ok(#preparing::done(#opened)),
                    ::core::result::Result::Err(#error) => ::core::result::Result::Err(#error),
                }
            }
        }
    };
    quote! {
        async fn initialize(
            #config: &Self::Config,
            #init: &#private::Init,
        ) -> ::core::result::Result<Self, Self::Error> {
            #open
        }
    }
}

fn health_check(resource: &Resource, runtime: &Runtime) -> TokenStream {
    let check = match (&resource.health_check, &resource.body) {
        (Some(path), _) => call(path, &["self"], true),
        (None, Body::Newtype(inner)) => {
            let as_resource = as_resource(inner, runtime);
            quote!(#as_resource::health_check(&mut self.0).await)
        }
        (None, Body::Own(own)) => {
            let ask = inside(own, runtime, |ask| quote!(#ask.__lift_health_check(&mut self.0).await));
            ask.unwrap_or_else(|| quote!(::core::result::Result::Ok(())))
        }
    };
    quote! {
        async fn health_check(&mut self) -> ::core::result::Result<(), Self::Error> {
            #check
        }
    }
}

/// Nothing where the trait's default does.
fn cleanup(resource: &Resource, runtime: &Runtime) -> TokenStream {
    let close = match (&resource.cleanup, &resource.body) {
        (Some(path), _) => call(path, &["self"], true),
        (None, Body::Newtype(inner)) => {
            let as_resource = as_resource(inner, runtime);
            quote!(#as_resource::cleanup(self.0).await)
        }
        (None, Body::Own(own)) => match inside(own, runtime, |ask| quote!(#ask.__lift_cleanup(self.0).await))
        {
            Some(inside) => inside,
            None => return TokenStream::new(),
        },
    };
    quote!(async fn cleanup(self) { #close })
}

/// Nothing where the trait's default does.
fn opened(resource: &Resource, runtime: &Runtime) -> TokenStream {
    let tell = match &resource.body {
        Body::Newtype(inner) => {
            let as_resource = as_resource(inner, runtime);
            quote!(#as_resource::opened(&mut self.0))
        }
        Body::Own(own) => match inside(own, runtime, |ask| quote!(#ask.__lift_opened(&mut self.0))) {
            Some(inside) => inside,
            None => return TokenStream::new(),
        },
    };
    quote!(fn opened(&mut self) { #tell })
}

/// Nothing where the trait's default does.
fn is_valid(resource: &Resource, runtime: &Runtime) -> TokenStream {
    let valid = match (&resource.is_valid, &resource.body) {
        (Some(path), _) => call(path, &["self"], false),
        (None, Body::Newtype(inner)) => {
            let as_resource = as_resource(inner, runtime);
            quote!(#as_resource::is_valid(&self.0))
        }
        (None, Body::Own(own)) => match inside(own, runtime, |ask| quote!(#ask.__lift_is_valid(&self.0))) {
            Some(inside) => inside,
            None => return TokenStream::new(),
        },
    };
    quote!(fn is_valid(&self) -> ::core::primitive::bool { #valid })
}

/// What the value inside a newtype says, when it is a resource, or the default.
fn inside(
    own: &Own,
    runtime: &Runtime,
    call: impl FnOnce(TokenStream) -> TokenStream,
) -> Option<TokenStream> {
    let inner = own.inner.as_ref()?;
    let (first, last) = ends(inner);
    let private = runtime.path();
    let inner = quote_spanned!(last=> &#private::inner::Inner::<#inner>::new());
    let ask = call(quote_spanned!(first=> (#inner)));
    Some(quote! {
        use #private::inner::{OfResource as _, OfValue as _};
        #ask
    })
}

/// A call of the user's function that points to where the user named it.
fn call(path: &ExprPath, arguments: &[&str], is_async: bool) -> TokenStream {
    let (_, last) = ends(path);
    let arguments = arguments.iter().map(|&name| match name {
        "self" => Ident::new(name, last),
        // At this place, and still not in the way of a function of the user's with the same name.
        name => {
            let mut name = local(name);
            name.set_span(last.resolved_at(name.span()));
            name
        }
    });
    call_with(path, quote!(#(#arguments),*), is_async)
}

fn call_with(path: &ExprPath, arguments: TokenStream, is_async: bool) -> TokenStream {
    let (_, last) = ends(path);
    let wait = is_async.then(|| quote_spanned!(last=> .await));
    quote_spanned!(last=> #path(#arguments) #wait)
}

fn deref(input: &DeriveInput, inner: &Type) -> TokenStream {
    let attributes = on_impl(&input.attrs);
    let ident = &input.ident;
    let (params, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #attributes
        impl #params ::core::ops::Deref for #ident #arguments #bounds {
            type Target = #inner;
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
        #attributes
        impl #params ::core::ops::DerefMut for #ident #arguments #bounds {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }
    }
}

/// A name that no constant of the user's has: a pattern would mean that one.
fn local(name: &str) -> Ident {
    format_ident!("__lift_{name}", span = Span::mixed_site())
}
