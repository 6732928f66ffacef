//! The other attributes of an item.

use quote::ToTokens;
use syn::{Attribute, Path};

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
