//! The other attributes of an item.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Path, Token};

use super::errors::Fault;
use super::rules::Rule;

/// The conditions under which the item exists: what is generated beside it must have the same.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
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
    use syn::parse_quote;

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
    fn only_plain_conditions_are_copied() {
        let item: syn::ItemFn = parse_quote!(
            #[doc = "x"]
            #[cfg(unix)]
            #[cfg_attr(unix, inline)]
            #[cfg(not(test))]
            fn f() {}
        );
        let kept: Vec<_> = cfgs(&item.attrs).iter().map(|kept| kept.to_token_stream().to_string()).collect();
        assert_eq!(kept, ["# [cfg (unix)]", "# [cfg (not (test))]"]);
        assert_eq!(shown(&parse_quote!(#[tokio::main(flavor = "x")])), "#[tokio::main]");
    }
}
