//! The other attributes of an item.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token, parse_quote};

use super::errors::Fault;
use super::rules::Rule;

/// What holds for the item and for what is generated beside it: the conditions under which it exists, and the lints that its
/// author allows there.
///
/// Generated code allows no other lint: under `forbid` that would be an error.
pub(crate) fn inherited(attributes: &[Attribute]) -> Vec<Attribute> {
    let inherit = |attribute: &Attribute| {
        let path = attribute.path();
        match &attribute.meta {
            // What is expected is found in the item.
            Meta::List(list) if path.is_ident("expect") => {
                let lints = &list.tokens;
                Some(parse_quote!(#[allow(#lints)]))
            }
            // What is deprecated is used by what makes it what it is.
            _ if path.is_ident("deprecated") => Some(parse_quote!(#[allow(deprecated)])),
            _ => (path.is_ident("cfg") || path.is_ident("allow")).then(|| attribute.clone()),
        }
    };
    attributes.iter().filter_map(inherit).collect()
}

/// What stands on each impl that a derive writes: the lints that the type's author allows for it, as `derive`'s own have.
pub(crate) fn on_impl(attributes: &[Attribute]) -> TokenStream {
    let allowed = inherited(attributes).into_iter().filter(|attribute| attribute.path().is_ident("allow"));
    quote!(#[automatically_derived] #(#allowed)*)
}

/// True for `name`, `lift::name` and `::lift::name`.
pub(crate) fn is_ours(path: &Path, name: &str) -> bool {
    let words: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    match words.as_slice() {
        [only] => only == name,
        [lift, last] => lift == "lift" && last == name,
        _ => false,
    }
}

/// True for attributes that start a runtime of their own around a function: `#[tokio::main]`, `#[tokio::test]`, ….
pub(crate) fn starts_runtime(path: &Path) -> bool {
    let words: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let [.., owner, last] = words.as_slice() else { return false };
    let owners =
        ["tokio", "async_std", "smol", "actix_web", "actix_rt", "rocket", "ntex", "lift", "lambda_runtime"];
    matches!(last.as_str(), "main" | "test" | "launch") && owners.contains(&owner.as_str())
}

/// The same derive in one more `#[derive(…)]` below: a derive sees those that come after it.
pub(crate) fn second_derive(attributes: &[Attribute], name: &str) -> Option<Path> {
    let lists = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let paths =
        lists.filter_map(|list| list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok());
    paths.flatten().find(|path| is_ours(path, name))
}

/// The fault of a derive that is written twice; the second writes its impls, so that nothing else is wrong.
pub(crate) fn derived_again(second: &Path) -> Fault {
    let name = second.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    let text = format!("`{name}` is derived twice");
    Fault::new(Rule::DerivedTwice, second, text).help("keep one of the two")
}

/// `#[tokio::main]`, as the user would say it.
pub(crate) fn shown(attribute: &Attribute) -> String {
    let path: String = attribute.path().to_token_stream().to_string().split_whitespace().collect();
    format!("#[{path}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let table: [(Path, bool, bool); 8] = [
            (parse_quote!(handler), true, false),
            (parse_quote!(lift::handler), true, false),
            (parse_quote!(::lift::handler), true, false),
            (parse_quote!(other::handler), false, false),
            (parse_quote!(tokio::main), false, true),
            (parse_quote!(::tokio::test), false, true),
            (parse_quote!(main), false, false),
            (parse_quote!(inline), false, false),
        ];
        for (path, ours, runtime) in table {
            assert_eq!((is_ours(&path, "handler"), starts_runtime(&path)), (ours, runtime));
        }
    }

    #[test]
    fn a_second_derive_is_found_in_what_comes_after() {
        let item: syn::ItemStruct = parse_quote!(
            #[derive(Debug, Clone, lift::Resource)]
            struct S;
        );
        let found = |name| second_derive(&item.attrs, name).map(|path| path.to_token_stream().to_string());
        assert_eq!(found("Resource").as_deref(), Some("lift :: Resource"));
        assert_eq!(found("LiftError"), None);
    }

    #[test]
    fn conditions_and_what_the_author_allows_are_inherited() {
        let item: syn::ItemFn = parse_quote!(
            #[doc = "x"]
            #[cfg(unix)]
            #[cfg_attr(unix, inline)]
            #[cfg(not(test))]
            #[allow(deprecated)]
            #[expect(unused, reason = "x")]
            #[deny(missing_docs)]
            #[deprecated = "x"]
            fn f() {}
        );
        let kept = inherited(&item.attrs);
        let kept: Vec<_> = kept.iter().map(|kept| kept.to_token_stream().to_string()).collect();
        assert_eq!(
            kept,
            [
                "# [cfg (unix)]",
                "# [cfg (not (test))]",
                "# [allow (deprecated)]",
                "# [allow (unused , reason = \"x\")]",
                "# [allow (deprecated)]"
            ]
        );
        assert_eq!(shown(&parse_quote!(#[tokio::main(flavor = "x")])), "#[tokio::main]");
    }
}
