//! The rules for the function under `#[lift::handler]` and `#[lift::health_check]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, FnArg, GenericParam, ReturnType, Safety, Signature, parse_quote};

use super::arguments;
use super::item::{Item, RawFunction};
use super::model::{Function, Output};
use crate::support::attributes::{inherited, is_ours, shown, starts_runtime};
use crate::support::errors::{Errors, Fault};
use crate::support::naming::article;
use crate::support::rules::Rule;
use crate::support::spans::generated;

/// Which macro speaks.
pub(crate) struct Role {
    /// `#[lift::handler]`.
    pub(crate) attribute: &'static str,
    /// `handler`.
    pub(crate) noun: &'static str,
    /// The runtime has a call for each number of arguments up to this one.
    pub(crate) most_arguments: usize,
    /// How to come by with fewer.
    pub(crate) fewer: &'static str,
}

/// The checked function, or `None` after at least one report.
pub(crate) fn validate(item: &Item, role: &Role, errors: &Errors) -> Option<Function> {
    let function = match item {
        Item::Function(function) => function,
        Item::Other { keyword, .. } => {
            errors.report(not_a_function(keyword, role.attribute, "write it on `async fn name(…) { … }`"));
            return None;
        }
    };
    let before = errors.count();
    check_attributes(&function.attributes, role, errors);
    check_signature(&function.signature, role, errors);
    let inputs = function.signature.inputs.iter();
    let arguments = inputs
        .filter_map(|input| match input {
            FnArg::Typed(argument) => Some(arguments::check(argument, role, errors)),
            FnArg::Receiver(_) => None,
        })
        .collect();
    (errors.count() == before).then(|| Function {
        ident: function.signature.ident.clone(),
        visibility: function.visibility.clone(),
        inherited: inherited(&function.attributes),
        arguments,
        output: Output::of(&function.signature.output),
    })
}

impl RawFunction {
    /// The function as it should be compiled beside an error: without what would be refused a second time.
    pub(crate) fn repaired(&self) -> TokenStream {
        let Self { attributes, visibility, signature, body } = self;
        let attributes = attributes.iter().filter(|attribute| !is_second(attribute));
        let mut signature = signature.clone();
        if signature.asyncness.is_some() {
            // "functions cannot be both `const` and `async`"
            signature.constness = None;
        }
        signature.variadic = None;
        if signature.receiver().is_some() {
            // Outside of an `impl` rustc would refuse `self`, too; inside, the body needs it.
            let typed = |input: FnArg| -> Option<FnArg> {
                match input {
                    FnArg::Typed(argument) => {
                        let ty = argument.ty;
                        Some(parse_quote!(_: #ty))
                    }
                    FnArg::Receiver(_) => None,
                }
            };
            signature.inputs = signature.inputs.into_iter().filter_map(typed).collect();
            signature.output = ReturnType::Default;
            signature.ident = generated(&signature.ident);
            let end = if signature.asyncness.is_some() {
                quote!(::core::future::pending().await)
            } else {
                quote!(loop {})
            };
            return quote!(#(#attributes)* #visibility #signature { #end });
        }
        quote!(#(#attributes)* #visibility #signature #body)
    }
}

/// The fault of an item that is no function.
pub(crate) fn not_a_function(keyword: &TokenStream, attribute: &str, help: &str) -> Fault {
    let word = keyword.to_string();
    let is_word = !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
    let text = match word.as_str() {
        "fn" => format!("`{attribute}` goes on a function with a body"),
        word if is_word => {
            format!("`{attribute}` goes on a function, and this is {} `{word}`", article(word))
        }
        _ => format!("`{attribute}` goes on a function"),
    };
    Fault::new(Rule::NotAFunction, keyword, text).help(help)
}

fn is_second(attribute: &Attribute) -> bool {
    let path = attribute.path();
    starts_runtime(path) || is_ours(path, "handler") || is_ours(path, "health_check")
}

fn check_attributes(attributes: &[Attribute], role: &Role, errors: &Errors) {
    for attribute in attributes.iter().filter(|attribute| is_second(attribute)) {
        let shown = shown(attribute);
        errors.report(if starts_runtime(attribute.path()) {
            let text = format!("`{shown}` starts a runtime, and lift runs a {} on its own", role.noun);
            Fault::new(Rule::RuntimeAttribute, attribute, text).help(format!("leave `{shown}` out"))
        } else {
            let text = format!("`{shown}` comes second: a function is one {}", role.noun);
            Fault::new(Rule::SecondAttribute, attribute, text)
                .help("write a second function with this attribute, and call the shared code from both")
        });
    }
}

fn check_signature(signature: &Signature, role: &Role, errors: &Errors) {
    let Signature { constness, asyncness, safety, abi, fn_token, ident, generics, variadic, .. } = signature;
    let noun = role.noun;
    let report = |rule: Rule, at: &dyn ToTokens, text: String, help: String| {
        errors.report(Fault::new(rule, at.to_token_stream(), text).help(help));
    };
    if let Some(receiver) = signature.receiver() {
        let text = format!("a {noun} has no `self`: lift calls it without a value");
        report(
            Rule::SelfArgument,
            receiver,
            text,
            format!("write `{ident}` outside of the `impl`, as a free function"),
        );
    }
    if let Some(constness) = constness {
        let text = format!("a {noun} can't be `const`");
        report(Rule::ConstFunction, constness, text, format!("write `async fn {ident}`"));
    } else if asyncness.is_none() {
        let text = format!("the {noun} `{ident}` is not `async`");
        report(Rule::NotAsync, &quote!(#fn_token #ident), text, format!("write `async fn {ident}`"));
    }
    if let Safety::Unsafe(token) = safety {
        let text = format!("a {noun} can't be `unsafe`: lift calls it from safe code");
        report(Rule::UnsafeFunction, token, text, format!("write `async fn {ident}`, with `unsafe` inside"));
    }
    if let Some(abi) = abi {
        let text = format!("a {noun} is called by lift, not by another language");
        report(Rule::ExternFunction, abi, text, format!("write `async fn {ident}`"));
    }
    if let Some(variadic) = variadic {
        let text = format!("a {noun} has a fixed number of arguments");
        report(Rule::VariadicFunction, &variadic.dots, text, "leave `...` out".to_owned());
    }
    if !generics.params.is_empty() {
        let only_lifetimes = generics.params.iter().all(|param| matches!(param, GenericParam::Lifetime(_)));
        let (text, help) = if only_lifetimes {
            (format!("a {noun} has no lifetimes: it lends to nobody"), "write `'static`, or a type that owns")
        } else {
            let text = format!("a {noun} can't be generic: lift has to know every type to call it");
            (text, "write the types, and call a generic function from here")
        };
        // Of an argument that borrows, that is told, with what to write.
        let borrows = |input: &FnArg| match input {
            FnArg::Typed(argument) => arguments::borrowed(&argument.pat, &argument.ty, role).is_some(),
            FnArg::Receiver(_) => false,
        };
        if !(only_lifetimes && signature.inputs.iter().any(borrows)) {
            report(Rule::GenericFunction, generics, text, help.to_owned());
        }
    } else if let Some(clause) = &generics.where_clause {
        let text = format!("a {noun} can't have a `where` clause: all its types are known");
        report(Rule::WhereClause, clause, text, "leave it out".to_owned());
    }
    let count = signature.inputs.len();
    let most = role.most_arguments;
    if count > most {
        let late: Vec<_> = signature.inputs.iter().skip(most).collect();
        let text = format!("a {noun} takes at most {most} arguments, and `{ident}` has {count}");
        report(Rule::TooManyArguments, &quote!(#(#late),*), text, role.fewer.to_owned());
    }
}
